// One operation of tfjs to try: what it is given, and what is done with it.
import type { Tensor } from '@tensorflow/tfjs-core';
import { gaussian, type Numbers } from './numbers.ts';

export interface TfjsCase {
  readonly title: string;
  readonly inputs: readonly Numbers[];
  readonly f: (...xs: Tensor[]) => Tensor;
  /** Steps or kinks: no finite differences. */
  readonly kinked?: boolean;
}

/** A case on normal numbers of these shapes. */
export function given(title: string, shapes: readonly (readonly number[])[], f: (...xs: never[]) => Tensor): TfjsCase {
  return { title, inputs: shapes.map((shape, i) => gaussian(31 + i, ...shape)), f: f as TfjsCase['f'] };
}

/** The same on positive numbers only. */
export const positive: (one: TfjsCase) => TfjsCase = (one) => ({
  ...one,
  inputs: one.inputs.map((x) => ({ ...x, values: x.values.map((v) => 0.2 + Math.abs(v)) })),
});
/** The same, without finite differences. */
export const kinked: (one: TfjsCase) => TfjsCase = (one) => ({ ...one, kinked: true });
