// Everything that a run needs to go on: parameters, optimizer slots, and where it was.
import type { Parameter } from '@peftjs/core';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { AfterStep } from './after-step.ts';
import type { Slots } from './optimizer.ts';

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

/** Whose slots they are: each parameter's, then those of what is done after a step. */
const ownersOf = (parameters: readonly Parameter[], after: readonly AfterStep[]): readonly string[] => [
  ...parameters.map((p) => p.key),
  ...after.map((one) => one.name),
];

/** Copies parameters and slots out of the backend. */
export function collect(
  parameters: readonly Parameter[],
  after: readonly AfterStep[],
  slots: readonly Slots[],
): Promise<StateTensor[]> {
  const held = [
    ...parameters.map(({ key, variable }) => ({ key, tensor: variable as Tensor })),
    ...ownersOf(parameters, after).flatMap((owner, i) =>
      Object.entries(slots[i] as Slots).map(([slot, t]) => ({ key: slotKey(owner, slot), tensor: t })),
    ),
  ];
  // What was once boolean comes as bytes from some backends, whatever its type is now.
  return Promise.all(
    held.map(async ({ key, tensor: t }) => ({ key, shape: t.shape, data: new Float32Array(await t.data()) })),
  );
}

/**
 * Puts parameters back, and gives the slots.
 * @throws before anything is changed, when a tensor is missing, one too many, or of another shape
 */
export function putBack(
  parameters: readonly Parameter[],
  after: readonly AfterStep[],
  fresh: readonly Slots[],
  tensors: readonly StateTensor[],
): Slots[] {
  const owners = ownersOf(parameters, after);
  const byKey = new Map(tensors.map((t) => [t.key, t]));
  const wanted = new Set([
    ...parameters.map(({ key }) => key),
    ...owners.flatMap((owner, i) => Object.keys(fresh[i] as Slots).map((slot) => slotKey(owner, slot))),
  ]);
  const extra = tensors.find(({ key }) => !wanted.has(key));
  if (extra !== undefined) {
    throw new Error(
      `[peftjs/train] the saved run does not fit: nothing here takes its "${extra.key}"; train into another folder`,
    );
  }
  const find = (key: string, shape: readonly number[]) => {
    const found = byKey.get(key);
    if (found?.shape.join() === shape.join()) return found;
    const what = found === undefined ? 'is missing' : `has shape [${found.shape}]`;
    throw new Error(
      `[peftjs/train] the saved run does not fit: "${key}" ${what}, [${shape}] is needed; train into another folder`,
    );
  };
  for (const { key, variable } of parameters) find(key, variable.shape);
  for (const [i, owner] of owners.entries()) {
    for (const [slot, t] of Object.entries(fresh[i] as Slots)) find(slotKey(owner, slot), t.shape);
  }
  for (const { key, variable } of parameters) {
    const value = tensor(find(key, variable.shape).data, variable.shape);
    variable.assign(value);
    value.dispose();
  }
  return owners.map((owner, i) => {
    const before = fresh[i] as Slots;
    const back = Object.fromEntries(
      Object.entries(before).map(([slot, t]) => [slot, tensor(find(slotKey(owner, slot), t.shape).data, t.shape)]),
    );
    dispose(Object.values(before));
    return back;
  });
}
