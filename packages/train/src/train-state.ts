// Everything that a run needs to go on: parameters, optimizer slots, and where it was.
import type { Parameter } from '@peftjs/core';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { AfterStep } from './after-step.ts';
import type { Slots } from './optimizer.ts';
import type { ParameterGroup } from './parameter-groups.ts';

export interface StateTensor {
  readonly key: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface TrainState {
  /** Steps taken. Data, schedule and random numbers follow from it. */
  readonly step: number;
  /** Best evaluation so far, and evaluations since. */
  readonly best: number | null;
  readonly stale: number;
  /** What must be the same for the run to go on: optimizer, batches, learning rate and so on. */
  readonly recipe: string;
  readonly tensors: readonly StateTensor[];
}

/** Keeps the last state. `save` replaces it whole or not at all. */
export interface StateStore {
  save(state: TrainState): Promise<void>;
  load(): Promise<TrainState | null>;
}

/** The key of a slot in a state. */
const slotKey = (key: string, slot: string) => `${key}#${slot}`;

/** Whose a slot is: one or several, joined, each by its key; without a shape it is as the slot itself. */
export type Owner = readonly { readonly key: string; readonly shape?: readonly number[] }[];

/** Whose slots they are: each group's, then those of what is done after a step. */
export function ownersOf(
  parameters: readonly Parameter[],
  groups: readonly ParameterGroup[],
  after: readonly AfterStep[],
): readonly Owner[] {
  const own = (i: number, alone: boolean) => {
    const { key, variable } = parameters[i] as Parameter;
    return alone ? { key } : { key, shape: variable.shape };
  };
  return [
    ...groups.map(({ members }) => members.map((i) => own(i, members.length === 1))),
    ...after.map((one) => [{ key: one.name }]),
  ];
}

/** The parts of a slot in a state, in order. */
function partsOf(owner: Owner, slot: string, t: Tensor) {
  let start = 0;
  return owner.map(({ key, shape = t.shape }) => {
    const size = shape.reduce((n, d) => n * d, 1);
    start += size;
    return { key: slotKey(key, slot), shape, start: start - size, end: start };
  });
}

/** Copies parameters and slots out of the backend. */
export async function collect(
  parameters: readonly Parameter[],
  owners: readonly Owner[],
  slots: readonly Slots[],
): Promise<StateTensor[]> {
  const read = async (t: Tensor, parts: ReturnType<typeof partsOf>) => {
    // What was once boolean comes as bytes from some backends, whatever its type is now.
    const data = new Float32Array(await t.data());
    return parts.map(({ key, shape, start, end }) => ({ key, shape, data: data.slice(start, end) }));
  };
  const held = [
    ...parameters.map(({ key, variable: t }) => read(t, [{ key, shape: t.shape, start: 0, end: t.size }])),
    ...owners.flatMap((owner, i) =>
      Object.entries(slots[i] as Slots).map(([slot, t]) => read(t, partsOf(owner, slot, t))),
    ),
  ];
  return (await Promise.all(held)).flat();
}

/**
 * Puts parameters back, and gives the slots.
 * @throws before anything is changed, when a tensor is missing, one too many, or of another shape
 */
export function putBack(
  parameters: readonly Parameter[],
  owners: readonly Owner[],
  fresh: readonly Slots[],
  tensors: readonly StateTensor[],
): Slots[] {
  const byKey = new Map(tensors.map((t) => [t.key, t]));
  const parts = owners.flatMap((owner, i) =>
    Object.entries(fresh[i] as Slots).flatMap(([slot, t]) => partsOf(owner, slot, t)),
  );
  const wanted = [...parameters.map(({ key, variable: { shape } }) => ({ key, shape })), ...parts];
  const extra = tensors.find((t) => !wanted.some(({ key }) => key === t.key));
  if (extra !== undefined) {
    throw new Error(
      `[peftjs/train] the saved run does not fit: nothing here takes its "${extra.key}"; train into another folder`,
    );
  }
  const find = ({ key, shape }: Pick<StateTensor, 'key' | 'shape'>) => {
    const found = byKey.get(key);
    if (found?.shape.join() === shape.join()) return found;
    const what = found === undefined ? 'is missing' : `has shape [${found.shape}]`;
    throw new Error(
      `[peftjs/train] the saved run does not fit: "${key}" ${what}, [${shape}] is needed; train into another folder`,
    );
  };
  for (const one of wanted) find(one);
  for (const { key, variable } of parameters) {
    const value = tensor(find({ key, shape: variable.shape }).data, variable.shape);
    variable.assign(value);
    value.dispose();
  }
  return owners.map((owner, i) => {
    const before = fresh[i] as Slots;
    const back = Object.entries(before).map(([slot, t]) => {
      const values = new Float32Array(t.size);
      for (const part of partsOf(owner, slot, t)) values.set(find(part).data, part.start);
      return [slot, tensor(values, t.shape)];
    });
    dispose(Object.values(before));
    return Object.fromEntries(back) as Slots;
  });
}
