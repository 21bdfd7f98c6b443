// The exact codec: the difference of the bits, in as few as its size is known before. Apply and undo give back every bit.
import type { Change, Codec, EncodedPart, Stored, TensorBytes, TensorKind } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { inFlight } from '../in-flight.ts';
import { bytesOf } from '../tensor-bytes.ts';
import { type ChangeBits, decodeBits, type EncodedBits, encodeBits, undoBits } from './change-bits.ts';
import { decodeBytes, encodeBytes, undoBytes } from './change-bytes.ts';
import { formOf } from './ordered-bits.ts';

export interface ExactOptions {
  /** Bytes of the tensor that are encoded as one chunk; 1 MiB when left out. A multiple of 8. */
  readonly chunkBytes?: number;
}

/** No chunk that a file may ask for is larger. */
const MOST = 2 ** 24;
/** Chunks that are read at once. */
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
  return {
    id: 'exact',
    lossless: true,
    async encode({ tensor, base, tuned, forward }: Change, pause) {
      const coder = coderFor(tensor);
      const [bits, octaves]: [Uint8Array[], Uint8Array[]] = [[], []];
      for (const [begin, end] of ranges(tuned.bytes, chunkBytes)) {
        await pause();
        const coded = await coder.encode(await base.read(begin, end), await tuned.read(begin, end));
        bits.push(coded.bits);
        if (!forward) octaves.push(coded.octaves());
      }
      const moves = octaves.some(({ length }) => length > 0);
      return {
        meta: { chunk_bytes: chunkBytes, octaves: moves },
        parts: { bits: partOf(bits), ...(moves && { octaves: partOf(octaves) }) },
        ...(forward && { forward }),
      };
    },
    async *decode(stored: Stored, base: TensorBytes, tensor: TensorKind) {
      const coder = coderFor(tensor);
      for await (const { begin, end, chunks } of chunksOf(stored, ['bits'], tensor)) {
        const [bits] = chunks as [Uint8Array];
        yield await coder.decode(bits, await base.read(begin, end));
      }
    },
    async *undo(stored: Stored, tuned: TensorBytes, tensor: TensorKind) {
      const coder = coderFor(tensor);
      const parts = stored.meta.octaves === true ? ['bits', 'octaves'] : ['bits'];
      for await (const { begin, end, chunks } of chunksOf(stored, parts, tensor)) {
        const [bits, octaves = NOTHING] = chunks as [Uint8Array, Uint8Array?];
        yield await coder.undo({ bits, octaves }, await tuned.read(begin, end));
      }
    },
  };
}

/** Octaves that no number has left. */
const NOTHING = new Uint8Array(0);

/** How the chunks of a tensor are coded. */
interface ChunkCoder {
  encode(base: Uint8Array, tuned: Uint8Array): EncodedBits | Promise<EncodedBits>;
  decode(bits: Uint8Array, base: Uint8Array): Uint8Array | Promise<Uint8Array>;
  undo(coded: ChangeBits, tuned: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

function coderFor({ dtype }: TensorKind): ChunkCoder {
  const form = formOf(dtype);
  if (form === null)
    return {
      encode: async (base, tuned) => ({ bits: await encodeBytes(base, tuned), octaves: () => NOTHING }),
      decode: decodeBytes,
      undo: ({ bits }, tuned) => undoBytes(bits, tuned),
    };
  return {
    encode: (base, tuned) => encodeBits(base, tuned, form),
    decode: (bits, base) => decodeBits(bits, base, form),
    undo: (coded, tuned) => undoBits(coded, tuned, form),
  };
}

function isChunkSize(value: unknown): value is number {
  return (
    Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= MOST && (value as number) % 8 === 0
  );
}

function* ranges(bytes: number, size: number): Generator<readonly [number, number]> {
  for (let begin = 0; begin < bytes; begin += size) yield [begin, Math.min(begin + size, bytes)];
}

function partOf(chunks: readonly Uint8Array[]): EncodedPart {
  return { dtype: 'U8', shape: [chunks.reduce((sum, { length }) => sum + length, 0)], chunks };
}

/** The chunks that parts have for the same bytes of the tensor. The tensor itself may come in a stream: it is not read ahead. */
function chunksOf(stored: Stored, names: readonly string[], tensor: TensorKind) {
  const size = stored.meta.chunk_bytes;
  if (!isChunkSize(size))
    throw new DeltaError(`chunk_bytes is ${JSON.stringify(size)}; expected a multiple of 8, at most ${MOST}`);
  const bytes = bytesOf(tensor);
  const expected = Math.ceil(bytes / size);
  const parts = names.map((name) => stored.part(name));
  const wrong = parts.find(({ chunks }) => chunks !== expected);
  if (wrong)
    throw new DeltaError(`${bytes} bytes in chunks of ${size} need ${expected} of them, ${wrong.chunks} are stored`);
  return inFlight(ranges(bytes, size), AHEAD, async ([begin, end]) => {
    const chunks = await Promise.all(parts.map((part) => part.chunk(begin / size)));
    return { begin, end, chunks };
  });
}
