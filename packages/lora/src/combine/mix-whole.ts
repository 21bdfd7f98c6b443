// Tensors that were trained whole - modules_to_save, biases - combined: base + the mix of w (tensor - base).
import type { SavedTensor } from '@peftjs/core';
import type { WeightOf } from '../extract/base-weight.ts';
import { sum } from './mix.ts';
import type { Rule } from './rules.ts';
import { streamsOf } from './stream.ts';

export interface Holder {
  readonly tensor: SavedTensor;
  readonly weight: number;
  readonly who: string;
}

export interface WholeTensor {
  /** Its key in a file after the prefix: `classifier.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Of the adapters that trained it. Another's counts as the base's own. */
  readonly holders: readonly Holder[];
}

export interface MixedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The weights of a sum that says all, so that the base's own tensor does not count. */
const UNITY = 1e-9;

export function needsBase({ holders }: WholeTensor, rule: Rule): boolean {
  return rule.mix !== undefined || Math.abs(1 - holders.reduce((s, { weight }) => s + weight, 0)) > UNITY;
}

async function baseOf({ name, holders }: WholeTensor, weightOf: WeightOf): Promise<ArrayLike<number>> {
  const dot = name.lastIndexOf('.');
  const parameter = name.slice(dot + 1);
  const { values, bias } = await weightOf(name.slice(0, dot));
  const found = parameter === 'weight' ? values : parameter === 'bias' ? bias : null;
  const size = holders[0]?.tensor.data.length;
  if (found?.length === size) return found as ArrayLike<number>;
  throw new Error(
    `[peftjs/lora] weightOf gives ${found?.length ?? 'no'} numbers for "${name}"; the adapters have ${size}`,
  );
}

/** @throws when the base's tensor is needed and has another size */
export async function mixWhole(tensor: WholeTensor, rule: Rule, weightOf: WeightOf | undefined): Promise<MixedTensor> {
  const { name, shape, holders } = tensor;
  const base = weightOf !== undefined && needsBase(tensor, rule) ? await baseOf(tensor, weightOf) : null;
  const own = (i: number) => (base === null ? 0 : (base[i] as number));
  const changes = holders.map(({ weight, tensor: { data } }) =>
    Float64Array.from(data, (v, i) => weight * (v - own(i))),
  );
  const mixed = rule.mix?.(changes, streamsOf(name)) ?? sum(changes);
  return { name, shape, values: mixed.map((value, i) => own(i) + value) };
}
