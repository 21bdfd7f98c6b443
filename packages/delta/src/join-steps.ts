// Steps that a tensor takes one after the other, as what a delta stores: neighbors that add up are one, and what is left in more
// than one step is stored as steps.
import type { Pause, TensorKind } from './codec.ts';
import type { CodecFor } from './codec-for.ts';
import { encodeSteps, readEncoded, STEPS, type Step, type StoredChange } from './codecs/steps.ts';
import { DeltaError } from './delta-error.ts';
import { storedInMemory } from './encode-change.ts';
import type { Changes } from './write-delta.ts';

export interface Joining {
  readonly codecFor: CodecFor;
  readonly tensor: TensorKind;
  readonly pause: Pause;
  /** What the tensor is called in errors. */
  readonly at: string;
}

export interface Joined extends Pick<Changes, 'correction'> {
  readonly change: NonNullable<Changes['change']>;
}

/** @throws where nothing is stored of what changed */
export async function joinSteps(steps: readonly Step[], joining: Joining): Promise<Joined> {
  const [first, ...rest] = await summed(steps, joining);
  if (first === undefined) throw new DeltaError(`${joining.at} differs, and no change of it is stored`);
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

/** With neighbors added up where their codec can. */
async function summed(steps: readonly Step[], { codecFor, tensor, pause }: Joining): Promise<readonly Step[]> {
  const out: Step[] = [];
  for (let at = 0; at < steps.length; ) {
    const first = steps[at] as Step;
    const codec = codecFor(first.change.codec);
    let end = at + 1;
    if (codec.add) while (steps[end]?.change.codec === codec.id) end++;
    const run = steps.slice(at, end);
    at = end;
    if (codec.add === undefined || (run.length === 1 && first.sign > 0)) {
      out.push(...run);
      continue;
    }
    const summands = run.map(({ change, sign }) => ({ stored: change.stored, sign }));
    const encoded = await codec.add(summands, tensor, pause);
    const change = { codec: codec.id, stored: storedInMemory(encoded), parts: Object.keys(encoded.parts) };
    out.push({ change, correction: null, sign: 1, error: 0 });
  }
  return out;
}
