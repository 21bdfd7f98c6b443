// The change of a tensor as a codec stores it, with what that loses and what it takes to be undone.
import { startSha256 } from '@peftjs/checkpoint';
import type { Change, Codec, Encoded, Pause, Show, Stored, TensorBytes, TensorKind } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { addDistances } from './codecs/number-kernels.ts';
import { DeltaError } from './delta-error.ts';
import { isFloat } from './numbers.ts';
import { piecesOf, streamedBytes, zeroBytes } from './tensor-bytes.ts';
import type { Changes } from './write-delta.ts';

export interface EncodeOptions {
  /** Whether a lossy change gets what it takes to be undone. */
  readonly reversible: boolean;
  readonly pause: Pause;
}

export interface EncodedChange {
  /** `change`, and of a lossy one perhaps its `correction`. */
  readonly changes: Changes;
  /** Of what applying it gives; null where that is the tuned tensor. */
  readonly sha256: string | null;
  /** Squared size of what is missing, and of the change. */
  readonly missing: number;
  readonly energy: number;
}

/** Stores every change, and every bit of it. */
const lossless = exact();

/** By the codec where it can hold the change, else exact. */
export async function encodeChange(codec: Codec, change: Change, options: EncodeOptions): Promise<EncodedChange> {
  const { pause, reversible } = options;
  const encoded = takes(codec, change.tensor) ? await codec.encode({ ...change, forward: !reversible }, pause) : null;
  if (encoded === null) return encodeExactly(change, options);
  if (codec.lossless) return withoutLoss(codec, encoded);
  const stored = storedInMemory(encoded);
  const meter = startMeter(change);
  const correction = reversible ? await correctionOf(codec, stored, change, pause, meter.add) : null;
  if (!reversible)
    for await (const piece of codec.decode(stored, change.base, change.tensor)) {
      await pause();
      await meter.add(piece);
    }
  const { sha256, missing, energy } = await meter.read();
  if (!Number.isFinite(missing) || !Number.isFinite(energy)) return encodeExactly(change, options);
  const error = energy > 0 ? Math.sqrt(missing / energy) : 0;
  return {
    changes: {
      change: { codec: codec.id, error, encoded },
      ...(correction && { correction }),
    },
    sha256,
    missing,
    energy,
  };
}

/** From what undoing gives, of what applying gives, to the base. @param show is given the pieces of what applying gives */
export async function correctionOf(
  codec: Codec,
  stored: Stored,
  { tensor, base }: Change,
  pause: Pause,
  show: Show = async () => undefined,
): Promise<StoredAs> {
  const back = codec.thereAndBack?.(stored, base, tensor, show) ?? undone(codec, stored, base, tensor, show);
  const near = streamedBytes(back, base.bytes);
  try {
    return await oneWayPayload({ tensor, base: near, tuned: base }, pause);
  } finally {
    await near.end();
  }
}

/** The same of a codec that cannot go both ways at once. */
function undone(codec: Codec, stored: Stored, base: TensorBytes, tensor: TensorKind, show: Show) {
  async function* shown() {
    for await (const piece of codec.decode(stored, base, tensor)) {
      await show(piece);
      yield piece;
    }
  }
  return codec.undo(stored, streamedBytes(shown(), base.bytes), tensor);
}

type Tensor = TensorKind & TensorBytes;

/** What has no partner of its kind: all of what is new, and of what was there if that is to come back. */
export async function encodeWhole(
  before: Tensor | null,
  after: Tensor | null,
  reversible: boolean,
  pause: Pause,
): Promise<Changes> {
  const whole = ({ dtype, shape, bytes, read }: Tensor) =>
    oneWayPayload({ tensor: { dtype, shape }, base: zeroBytes(bytes), tuned: { bytes, read } }, pause);
  return {
    ...(after && { after: await whole(after) }),
    ...(before && reversible && { before: await whole(before) }),
  };
}

async function encodeExactly(change: Change, { reversible, pause }: EncodeOptions): Promise<EncodedChange> {
  return withoutLoss(lossless, (await lossless.encode({ ...change, forward: !reversible }, pause)) as Encoded);
}

function withoutLoss({ id }: Codec, encoded: Encoded): EncodedChange {
  const { forward } = encoded;
  const change = { codec: id, error: 0, ...(forward && { forward }), encoded };
  return { changes: { change }, sha256: null, missing: 0, energy: 0 };
}

type StoredAs = NonNullable<Changes['change']>;

/** What is only ever decoded. */
async function oneWayPayload(change: Change, pause: Pause): Promise<StoredAs> {
  return {
    codec: lossless.id,
    error: 0,
    encoded: (await lossless.encode({ ...change, forward: true }, pause)) as Encoded,
  };
}

/** A codec's own view counts, and of a lossy one that there are numbers to measure the loss by. */
export function takes(codec: Codec, tensor: TensorKind): boolean {
  return (codec.lossless || isFloat(tensor.dtype)) && (codec.check?.(tensor) ?? null) === null;
}

/** An encoded change as what was read back. */
export function storedInMemory({ meta, parts }: Encoded): Stored {
  return {
    meta,
    part(name) {
      const part = parts[name];
      if (part === undefined) throw new DeltaError(`there is no part ${JSON.stringify(name)}`);
      const bytes = part.chunks.reduce((sum, { length }) => sum + length, 0);
      const chunk = async (index: number) => part.chunks[index] as Uint8Array;
      return { dtype: part.dtype, shape: part.shape, bytes, chunks: part.chunks.length, chunk };
    },
  };
}

/** Takes what applying a change gives, from the first byte on: its hash, and the squared size of what it misses beside that of the change. */
function startMeter({ tensor: { dtype }, base, tuned }: Change) {
  if (!isFloat(dtype)) throw new DeltaError(`a loss of ${dtype} cannot be measured`);
  const hash = startSha256();
  const sums = new Float64Array(2);
  let at = 0;
  return {
    async add(result: Uint8Array) {
      await (await hash).update(result);
      const end = at + result.length;
      addDistances(dtype, sums, { base: await base.read(at, end), tuned: await tuned.read(at, end), result });
      at = end;
    },
    async read() {
      const [missing, energy] = sums as unknown as readonly [number, number];
      return { sha256: await (await hash).digest(), missing, energy };
    },
  };
}

/** The squared size of a change; 0 where it is none of numbers, or not finite. */
export async function energyOf(change: Change, pause: Pause): Promise<number> {
  if (!isFloat(change.tensor.dtype)) return 0;
  const meter = startMeter(change);
  for await (const piece of piecesOf(change.tuned)) {
    await pause();
    await meter.add(piece);
  }
  const { energy } = await meter.read();
  return Number.isFinite(energy) ? energy : 0;
}
