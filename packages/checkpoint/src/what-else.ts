import { CONFIG_FILE } from './adapter-files.ts';

/** What a folder of these files holds in place of what was looked for, as the end of an error; nothing where that is not known. */
export function whatElse(files: readonly string[]): string {
  if (files.length === 0) return ': it is empty, or does not exist';
  if (files.includes(CONFIG_FILE)) return '; it holds an adapter, which is attached to a model, or merged into it';
  if (files.includes('delta.json')) return '; it holds a delta, which is applied to a model';
  if (files.includes('config.json')) return '; it holds a model';
  return '';
}
