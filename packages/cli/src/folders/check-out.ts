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
 * @throws UsageError where `out` is the model itself, a file, or a folder that holds something else
 */
export async function checkOut(out: string, model: string, kind: GoalKind): Promise<void> {
  await checkApart(out, [model]);
  const there = await realpath(out).catch(() => null);
  if (there === null) return;
  if (!(await stat(there)).isDirectory()) throw new UsageError(`--out ${out} is a file; choose a folder`);
  const foreign = (await readdir(there)).find((name) => !FILES[kind].includes(name));
  if (foreign === undefined) return;
  const what = kind === 'adapter' ? 'an adapter' : 'a model';
  throw new UsageError(`--out ${out} holds "${foreign}", which is no part of ${what}; choose a new folder`);
}

/** @throws UsageError where `out` is one of the folders that are read: it would be written over */
export async function checkApart(out: string, sources: readonly string[]): Promise<void> {
  const placeOf = (path: string) => realpath(path).catch(() => null);
  const there = await placeOf(out);
  for (const source of sources) {
    if (there !== null && there === (await placeOf(source)))
      throw new UsageError(`--out ${out} is a folder that is read, and would be written over; choose another`);
  }
}
