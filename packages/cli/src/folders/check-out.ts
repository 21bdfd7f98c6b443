// Whether a folder can take what a command will write, asked before the work rather than after it.
import { readdir, realpath, stat } from 'node:fs/promises';
import type { GoalKind } from '../training/goal.ts';
import { UsageError } from '../usage-error.ts';
import { TOKENIZER_FILES } from './tokenizer-files.ts';

const FILES: Readonly<Record<GoalKind, readonly string[]>> = {
  adapter: ['README.md', 'adapter_config.json', 'adapter_model.safetensors', 'peftjs.json'],
  model: ['config.json', 'model.safetensors', 'peftjs.json', ...TOKENIZER_FILES],
};

/**
 * @param model the base's folder, or its name on the hub
 * @throws UsageError where `out` is the base itself, a file, or a folder that holds something else
 */
export async function checkOut(out: string, model: string, kind: GoalKind): Promise<void> {
  const [there, base] = await Promise.all([out, model].map((path) => realpath(path).catch(() => null)));
  if (there == null) return;
  if (there === base) throw new UsageError(`--out ${out} is the folder of the model itself; choose another`);
  if (!(await stat(there)).isDirectory()) throw new UsageError(`--out ${out} is a file; choose a folder`);
  const foreign = (await readdir(there)).find((name) => !FILES[kind].includes(name));
  if (foreign === undefined) return;
  const what = kind === 'adapter' ? 'an adapter' : 'a model';
  throw new UsageError(`--out ${out} holds "${foreign}", which is no part of ${what}; choose a new folder`);
}
