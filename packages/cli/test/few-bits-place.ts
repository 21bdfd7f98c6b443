// A model whose layers are wide enough for groups of codes, and what commands say of it.
import { afterAll, beforeAll, expect } from 'vitest';
import { peftjs, withOptions } from './command-line.ts';
import { makeWorkplace, type Workplace } from './tiny-model.ts';

export let place: Workplace;

/** To be called in a file of tests before them. */
export function useFewBitsPlace(): void {
  beforeAll(async () => {
    place = await makeWorkplace(1, { hidden_size: 64, intermediate_size: 64, head_dim: 32 });
  });
  afterAll(() => place.remove());
}

/** The last object that a command gives, which must succeed. */
export async function ran(command: string, ...more: string[]): Promise<Readonly<Record<string, unknown>>> {
  const common = ['--model', place.model, '--backend', 'wasm', '--json'];
  const { code, stderr, objects } = await peftjs([command, ...withOptions(common, more)]);
  expect([code, stderr]).toEqual([0, '']);
  return objects.at(-1) as Readonly<Record<string, unknown>>;
}

export async function lossOf(...more: string[]): Promise<number> {
  const { base, adapted } = await ran('eval', '--data', place.data, '--sequences', '2', ...more);
  return ((adapted ?? base) as { readonly loss: number }).loss;
}
