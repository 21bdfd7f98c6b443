// Steps that a tensor takes one after the other, as what a delta stores: one alone as it is, more than one as steps.
import { encodeSteps, readEncoded, STEPS, type Step, type StoredChange } from './codecs/steps.ts';
import { DeltaError } from './delta-error.ts';
import type { Changes } from './write-delta.ts';

export interface Joined extends Pick<Changes, 'correction'> {
  readonly change: NonNullable<Changes['change']>;
}

/** @param at what the tensor is called in errors
 * @throws where nothing is stored of what changed */
export async function joinSteps(steps: readonly Step[], at: string): Promise<Joined> {
  const [first, ...rest] = steps;
  if (first === undefined) throw new DeltaError(`${at} differs, and no change of it is stored`);
  if (rest.length > 0 || first.sign < 0)
    return { change: { codec: STEPS, error: 0, encoded: await encodeSteps([first, ...rest]) } };
  const again = async (one: StoredChange, error: number) => ({
    codec: one.codec,
    error,
    encoded: await readEncoded(one),
  });
  return {
    change: await again(first.change, first.error),
    ...(first.correction && { correction: await again(first.correction, 0) }),
  };
}
