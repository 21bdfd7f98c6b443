// Changes one after the other as one: what a chain makes of a tensor that changes more than once. Each step is stored as its
// own codec stored it, with what it takes to be undone, so that nothing is lost a second time.
import type { Json } from '@peftjs/checkpoint';
import { isJsonObject } from '@peftjs/safetensors';
import type { Codec, Encoded, EncodedPart, Stored, TensorBytes, TensorKind } from '../codec.ts';
import type { CodecFor } from '../codec-for.ts';
import { DeltaError } from '../delta-error.ts';
import { piecesOf, streamedBytes } from '../tensor-bytes.ts';

export const STEPS = 'steps';

/** An encoded change, where it lies. */
export interface StoredChange {
  readonly codec: string;
  readonly stored: Stored;
  /** The names of its parts. */
  readonly parts: readonly string[];
}

export interface Step {
  readonly change: StoredChange;
  /** From what undoing the change gives to what was before; null where it gives just that. */
  readonly correction: StoredChange | null;
  /** -1 of a change that is gone back. */
  readonly sign: 1 | -1;
  /** Of the change, as the delta that it comes from has it. */
  readonly error: number;
}

/** The codec of a chain. It makes no changes of its own: `encodeSteps` joins those of others. */
export function inOrder(codecFor: CodecFor): Codec {
  async function* run(steps: readonly Step[], way: 1 | -1, from: TensorBytes, tensor: TensorKind) {
    const all = way > 0 ? steps : [...steps].reverse();
    let bytes = from;
    for (const step of all) bytes = streamedBytes(through(step, way, bytes, tensor), from.bytes);
    yield* piecesOf(bytes);
  }
  function through({ change, correction, sign }: Step, way: 1 | -1, from: TensorBytes, tensor: TensorKind) {
    const codec = codecFor(change.codec);
    if (sign === way) return codec.decode(change.stored, from, tensor);
    const near = codec.undo(change.stored, from, tensor);
    if (correction === null) return near;
    return codecFor(correction.codec).decode(correction.stored, streamedBytes(near, from.bytes), tensor);
  }
  return {
    id: STEPS,
    lossless: true,
    needs: ({ steps }) =>
      saidIn(steps).flatMap(({ change, correction }) => [change.codec, ...(correction ? [correction.codec] : [])]),
    encode: async () => null,
    decode: (stored, base, tensor) => run(stepsIn(stored), 1, base, tensor),
    undo: (stored, tuned, tensor) => run(stepsIn(stored), -1, tuned, tensor),
  };
}

/** All of the parts are read, which checks them. */
export async function encodeSteps(steps: readonly Step[]): Promise<Encoded> {
  const parts: Record<string, EncodedPart> = {};
  const enter = async (prefix: string, { stored, parts: names }: StoredChange) => {
    for (const name of names) parts[prefix + name] = await readPart(stored, name);
  };
  for (const [k, { change, correction }] of steps.entries()) {
    await enter(prefixOf(k, 'change'), change);
    if (correction) await enter(prefixOf(k, 'correction'), correction);
  }
  const said = ({ codec, stored }: StoredChange) => ({ codec, meta: stored.meta });
  const meta = steps.map(({ change, correction, sign, error }) => ({
    ...{ change: said(change), correction: correction && said(correction), sign, error },
  }));
  return { meta: { steps: meta }, parts };
}

/** The same as it was stored. */
export async function readEncoded({ stored, parts: names }: StoredChange): Promise<Encoded> {
  const parts: Record<string, EncodedPart> = {};
  for (const name of names) parts[name] = await readPart(stored, name);
  return { meta: stored.meta, parts };
}

async function readPart(stored: Stored, name: string): Promise<EncodedPart> {
  const { dtype, shape, chunks: count, chunk } = stored.part(name);
  const chunks: Uint8Array[] = [];
  for (let i = 0; i < count; i++) chunks.push(await chunk(i));
  return { dtype, shape, chunks };
}

const prefixOf = (k: number, what: 'change' | 'correction') => `${what}${k}_`;

/** The steps of what `encodeSteps` made. @param names of all its parts, where the steps are to be stored again */
export function stepsIn(stored: Stored, names: readonly string[] = []): readonly Step[] {
  const place = ({ codec, meta }: Said, prefix: string): StoredChange => ({
    codec,
    stored: { meta, part: (name) => stored.part(prefix + name) },
    parts: names.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])),
  });
  return parseSteps(stored.meta.steps).map(({ change, correction, sign, error }, k) => ({
    change: place(change, prefixOf(k, 'change')),
    correction: correction && place(correction, prefixOf(k, 'correction')),
    ...{ sign, error },
  }));
}

interface Said {
  readonly codec: string;
  readonly meta: { readonly [key: string]: Json };
}

interface SaidStep extends Pick<Step, 'sign' | 'error'> {
  readonly change: Said;
  readonly correction: Said | null;
}

function saidIn(value: Json | undefined): readonly SaidStep[] {
  return Array.isArray(value) ? (value as readonly unknown[]).filter(isStep) : [];
}

function parseSteps(value: Json | undefined): readonly SaidStep[] {
  const steps = saidIn(value);
  if (steps.length > 0 && steps.length === (value as readonly Json[]).length) return steps;
  throw new DeltaError(`steps is ${JSON.stringify(value)}; expected a list of changes, each with its codec`);
}

function isStep(value: unknown): value is SaidStep {
  if (!isJsonObject(value)) return false;
  const { change, correction, sign, error } = value;
  return (
    isSaid(change) &&
    (correction === null || isSaid(correction)) &&
    (sign === 1 || sign === -1) &&
    typeof error === 'number' &&
    error >= 0
  );
}

/** A step is no chain: those are taken apart. */
function isSaid(value: unknown): value is Said {
  return isJsonObject(value) && typeof value.codec === 'string' && value.codec !== STEPS && isJsonObject(value.meta);
}
