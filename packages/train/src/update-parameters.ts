// One update of all parameters by the optimizer, a group at a time.
import { engine } from '@peftjs/backend';
import { dispose, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { keepSlots, type Optimizer, type Slots, type UpdateArgs } from './optimizer.ts';
import { cutTensors, joinTensors, type ParameterGroup } from './parameter-groups.ts';

/** What all groups have in common. */
type Rest = Pick<UpdateArgs, 'learningRate' | 'step' | 'gradientScale'>;

/**
 * Assigns to every variable.
 *
 * @param slots of each group; freed
 * @returns the slots from here on, kept
 */
export function updateParameters(
  optimizer: Optimizer,
  groups: readonly ParameterGroup[],
  variables: readonly Variable[],
  grads: readonly Tensor[],
  slots: readonly Slots[],
  { learningRate, ...rest }: Rest,
): Slots[] {
  return groups.map(({ members, rate }, g) =>
    engine().tidy(() => {
      const own = members.map((i) => variables[i] as Variable);
      const before = slots[g] as Slots;
      const updated = optimizer.update({
        value: joinTensors(own),
        gradient: joinTensors(members.map((i) => grads[i] as Tensor)),
        slots: before,
        learningRate: learningRate * rate,
        ...rest,
      });
      for (const [k, value] of cutTensors(updated.value, own).entries()) own[k]?.assign(value);
      dispose(Object.values(before));
      return keepSlots(updated.slots);
    }),
  );
}
