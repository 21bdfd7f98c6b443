// Parameters that are updated as one: many small ones end to end, so that a step takes a few operations and not some for each.
import { cut } from '@peftjs/backend';
import { concat, reshape, type Tensor } from '@tensorflow/tfjs-core';

/** Numbers that are joined at most. Joining copies them, and what is larger takes longer to compute than to call. */
const MOST = 1 << 20;

/** Parameters, by their place among all, with one learning rate. */
export interface ParameterGroup {
  readonly members: readonly number[];
  /** Times the learning rate. */
  readonly rate: number;
}

/**
 * @param rates of each
 * @param joins whether they may be joined at all; otherwise each is alone
 */
export function groupParameters(
  parameters: readonly Tensor[],
  rates: readonly number[],
  joins: boolean,
): readonly ParameterGroup[] {
  const groups: { readonly members: number[]; readonly rate: number; size: number }[] = [];
  for (const [i, { size }] of parameters.entries()) {
    const rate = rates[i] as number;
    const open = joins && groups.find((group) => group.rate === rate && group.size + size <= MOST);
    if (open) {
      open.members.push(i);
      open.size += size;
    } else groups.push({ members: [i], rate, size });
  }
  return groups;
}

/** The shape of what `joinTensors` gives. */
export function joinedShape(tensors: readonly Tensor[]): readonly number[] {
  const [only] = tensors;
  return tensors.length === 1 ? (only as Tensor).shape : [tensors.reduce((n, { size }) => n + size, 0)];
}

/** Several tensors end to end, [n]; one alone is itself. */
export function joinTensors(tensors: readonly Tensor[]): Tensor {
  const [only] = tensors;
  return tensors.length === 1 ? (only as Tensor) : concat(tensors.map((t) => reshape(t, [-1])));
}

/** What `joinTensors` has joined. */
export function cutTensors(joined: Tensor, like: readonly Tensor[]): readonly Tensor[] {
  return like.length === 1
    ? [joined]
    : cut(
        joined,
        like.map((t) => t.shape),
      );
}
