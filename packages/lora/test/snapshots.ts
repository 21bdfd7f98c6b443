// Saved LoRA adapters made of random numbers, and what they change, computed in plain loops.
import { normal, random } from '@peftjs/backend';
import { type AdapterSnapshot, type Json, patternFor, type SavedTensor } from '@peftjs/core';
import { expect } from 'vitest';

export interface Layer {
  readonly path: string;
  readonly o: number;
  readonly i: number;
  readonly r: number;
  readonly embedding?: boolean;
}

const P = 'base_model.model.';

export function numbers(seed: readonly number[], size: number): Float32Array {
  return normal(random(...seed), size, 0.5);
}

/** A LoRA adapter on these layers, whose rank and alpha patterns say what `config` does not. */
export function snapshot(
  seed: number,
  layers: readonly Layer[],
  config: Readonly<Record<string, Json>> = {},
  more: readonly SavedTensor[] = [],
): AdapterSnapshot {
  const tensors = layers.flatMap(({ path, o, i, r, embedding }, k): SavedTensor[] => [
    {
      key: `${P}${path}.${embedding ? 'lora_embedding_A' : 'lora_A.weight'}`,
      shape: [r, i],
      data: numbers([seed, k, 0], r * i),
    },
    {
      key: `${P}${path}.${embedding ? 'lora_embedding_B' : 'lora_B.weight'}`,
      shape: [o, r],
      data: numbers([seed, k, 1], o * r),
    },
  ]);
  return {
    config: {
      peft_type: 'LORA',
      r: layers[0]?.r as number,
      lora_alpha: 3,
      rank_pattern: Object.fromEntries(layers.map(({ path, r }) => [`^${path}`, r])),
      target_modules: layers.map(({ path }) => path),
      ...config,
    },
    tensors: [...tensors, ...more],
    provenance: { base: { name: 'tiny', fingerprint: 'sha256:tiny' } },
  };
}

export function tensorOf({ tensors }: AdapterSnapshot, name: string): SavedTensor {
  const found = tensors.find(({ key }) => key === P + name);
  if (found === undefined) throw new Error(`no ${name} among ${tensors.map(({ key }) => key)}`);
  return found;
}

export function product(b: ArrayLike<number>, a: ArrayLike<number>, r: number, scale = 1): number[] {
  const [o, i] = [b.length / r, a.length / r];
  return Array.from({ length: o * i }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < r; k++) sum += (b[Math.floor(at / i) * r + k] as number) * (a[k * i + (at % i)] as number);
    return scale * sum;
  });
}

/** s B A at a path, [o, i] row by row; zeros of this size where the adapter leaves it alone. */
export function changeOf(adapter: AdapterSnapshot, path: string, size = 0): number[] {
  const { config, tensors } = adapter;
  const stem = tensors.some(({ key }) => key === `${P}${path}.lora_embedding_A`) ? 'lora_embedding_' : 'lora_';
  const end = stem === 'lora_' ? '.weight' : '';
  if (!tensors.some(({ key }) => key === `${P}${path}.${stem}A${end}`)) return new Array<number>(size).fill(0);
  const [a, b] = [tensorOf(adapter, `${path}.${stem}A${end}`), tensorOf(adapter, `${path}.${stem}B${end}`)];
  const pattern = (key: string, otherwise: string) =>
    (patternFor((config[key] ?? {}) as Record<string, number>, path) ?? config[otherwise]) as number;
  const r = a.shape[0] as number;
  expect(pattern('rank_pattern', 'r')).toBe(r);
  const scale = pattern('alpha_pattern', 'lora_alpha') / (config.use_rslora === true ? Math.sqrt(r) : r);
  return product(b.data, a.data, r, scale);
}

export function sumOf(...changes: readonly (readonly [number, readonly number[]])[]): number[] {
  return (changes[0]?.[1] ?? []).map((_, k) => changes.reduce((s, [w, change]) => s + w * (change[k] as number), 0));
}

/** Size of the difference over the size of what is expected; what is expected is not nothing. */
export function distance(actual: readonly number[], expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  const size = (values: readonly number[]) => Math.sqrt(values.reduce((s, v) => s + v * v, 0));
  expect(size(expected)).toBeGreaterThan(0);
  return size(actual.map((value, k) => value - (expected[k] as number))) / size(expected);
}
