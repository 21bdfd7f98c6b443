// The exact codec: the difference of the bits, byte planes apart, deflated. Apply and undo give back every bit.
import { DTYPE_BITS } from '@peftjs/safetensors';
import type { Change, Codec, Encoded, Stored, StoredPart, Summand, TensorBytes, TensorKind } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { inFlight } from '../in-flight.ts';
import { bytesOf } from '../tensor-bytes.ts';
import { deflated, inflated } from './deflated.ts';
import { add, fromPlanes, subtract, toPlanes } from './difference.ts';

export interface ExactOptions {
  /** Bytes of the tensor that are encoded as one chunk; 1 MiB when left out. A multiple of 8. */
  readonly chunkBytes?: number;
}

/** No chunk that a file may ask for is larger. */
const MOST = 2 ** 26;
const PART = 'bits';
/** Chunks that are deflated or inflated at once. */
const AHEAD = 4;

/**
 * Stores the difference of the bit patterns, of any dtype.
 *
 * @example
 * await apply('models/base', 'out/delta', 'out/tuned', { codecs: [exact()] });
 */
export function exact({ chunkBytes = 2 ** 20 }: ExactOptions = {}): Codec {
  if (!isChunkSize(chunkBytes))
    throw new DeltaError(`chunkBytes is ${chunkBytes}; give a multiple of 8, at most ${MOST}`);
  const encoded = (chunks: readonly Uint8Array[]): Encoded => {
    const shape = [chunks.reduce((sum, { length }) => sum + length, 0)];
    return { meta: { chunk_bytes: chunkBytes }, parts: { [PART]: { dtype: 'U8', shape, chunks } } };
  };
  return {
    id: 'exact',
    lossless: true,
    async encode({ tensor, base, tuned }: Change, pause) {
      async function* planes() {
        for (const [begin, end] of ranges(tuned.bytes, chunkBytes)) {
          await pause();
          const difference = subtract(await tuned.read(begin, end), await base.read(begin, end), widthOf(tensor));
          yield toPlanes(difference, widthOf(tensor));
        }
      }
      return encoded(await collected(inFlight(planes(), AHEAD, deflated)));
    },
    async *decode(stored: Stored, base: TensorBytes, tensor: TensorKind) {
      for await (const { begin, end, difference } of differences(stored, tensor))
        yield add(await base.read(begin, end), difference, widthOf(tensor));
    },
    async *undo(stored: Stored, tuned: TensorBytes, tensor: TensorKind) {
      for await (const { begin, end, difference } of differences(stored, tensor))
        yield subtract(await tuned.read(begin, end), difference, widthOf(tensor));
    },
    async add(summands: readonly Summand[], tensor: TensorKind, pause) {
      const width = widthOf(tensor);
      const readers = summands.map(({ stored, sign }) => ({ read: differenceReader(stored, tensor), sign }));
      async function* planes() {
        for (const [begin, end] of ranges(bytesOf(tensor), chunkBytes)) {
          await pause();
          let sum: Uint8Array = new Uint8Array(end - begin);
          for (const { read, sign } of readers) {
            const difference = await read(begin, end);
            sum = sign > 0 ? add(sum, difference, width) : subtract(sum, difference, width);
          }
          yield toPlanes(sum, width);
        }
      }
      return encoded(await collected(inFlight(planes(), AHEAD, deflated)));
    },
  };
}

/** Bytes of an element; of those smaller than a byte, one. */
function widthOf({ dtype }: TensorKind): number {
  return Math.max(1, Math.floor(DTYPE_BITS[dtype] / 8));
}

function isChunkSize(value: unknown): value is number {
  return (
    Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= MOST && (value as number) % 8 === 0
  );
}

function* ranges(bytes: number, size: number): Generator<readonly [number, number]> {
  for (let begin = 0; begin < bytes; begin += size) yield [begin, Math.min(begin + size, bytes)];
}

async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

interface Piece {
  readonly begin: number;
  readonly end: number;
  readonly difference: Uint8Array;
}

/** The differences that are stored, checked against the tensor before the first is read. */
async function* differences(stored: Stored, tensor: TensorKind): AsyncGenerator<Piece> {
  const { part, size } = opened(stored, tensor);
  yield* inFlight(ranges(bytesOf(tensor), size), AHEAD, async ([begin, end]) => ({
    ...{ begin, end, difference: await inflatedChunk(part, begin / size, end - begin, tensor) },
  }));
}

function opened(stored: Stored, tensor: TensorKind): { readonly part: StoredPart; readonly size: number } {
  const size = stored.meta.chunk_bytes;
  if (!isChunkSize(size))
    throw new DeltaError(`chunk_bytes is ${JSON.stringify(size)}; expected a multiple of 8, at most ${MOST}`);
  const part = stored.part(PART);
  const expected = Math.ceil(bytesOf(tensor) / size);
  if (part.chunks === expected) return { part, size };
  throw new DeltaError(
    `${bytesOf(tensor)} bytes in chunks of ${size} need ${expected} of them, ${part.chunks} are stored`,
  );
}

async function inflatedChunk(part: StoredPart, index: number, length: number, tensor: TensorKind): Promise<Uint8Array> {
  const planes = await inflated(await part.chunk(index), length);
  if (planes === null) throw new DeltaError(`chunk ${index} does not inflate to ${length} bytes`);
  return fromPlanes(planes, widthOf(tensor));
}

/** Reads differences in ranges that need not be those of the stored chunks; each must begin where the last one ended. */
function differenceReader(stored: Stored, tensor: TensorKind): (begin: number, end: number) => Promise<Uint8Array> {
  const { part, size } = opened(stored, tensor);
  let held = { index: -1, bytes: new Uint8Array(0) as Uint8Array };
  return async (begin, end) => {
    const out = new Uint8Array(end - begin);
    for (let at = begin; at < end; ) {
      const index = Math.floor(at / size);
      const start = index * size;
      if (held.index !== index) {
        const length = Math.min(size, bytesOf(tensor) - start);
        held = { index, bytes: await inflatedChunk(part, index, length, tensor) };
      }
      const piece = held.bytes.subarray(at - start, Math.min(end - start, held.bytes.length));
      out.set(piece, at - begin);
      at += piece.length;
    }
    return out;
  };
}
