// The exact codec: the difference of the bits, in as few as its size is known before. Apply and undo give back every bit.
import type { Change, Codec, EncodedPart, Pause, Stored, TensorBytes, TensorKind } from '../codec.ts';
import { crew } from '../crew/crew.ts';
import type { Outputs } from '../crew/task.ts';
import { DeltaError } from '../delta-error.ts';
import { freed } from '../free-memory.ts';
import { inFlight } from '../in-flight.ts';
import { bytesOf } from '../tensor-bytes.ts';
import { decodeBytes, encodeBytes, undoBytes } from './change-bytes.ts';
import { decodeChunk, encodeChunk, undoChunk } from './exact-tasks.ts';
import { formOf } from './ordered-bits.ts';

export interface ExactOptions {
  /** Bytes of the tensor that are encoded as one chunk; 1 MiB when left out. A multiple of 8. */
  readonly chunkBytes?: number;
}

/** No chunk that a file may ask for is larger. */
const MOST = 2 ** 24;
/** Chunks that are read, or coded, at once. */
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
      const sides = inPairs(ranges(tuned.bytes, chunkBytes), base, tuned, pause);
      for await (const coded of inFlight(sides, AHEAD, (pair) => coder.encode(pair, forward === true))) {
        bits.push(coded[0] as Uint8Array);
        if (!forward) octaves.push(coded[1] ?? NOTHING);
      }
      const moves = octaves.some(({ length }) => length > 0);
      return {
        meta: { chunk_bytes: chunkBytes, octaves: moves },
        parts: { bits: partOf(bits), ...(moves && { octaves: partOf(octaves) }) },
        ...(forward && { forward }),
      };
    },
    async *decode(stored: Stored, base: TensorBytes, tensor: TensorKind) {
      const chunks = withBytes(chunksOf(stored, ['bits'], tensor), base);
      yield* freed(inFlight(chunks, AHEAD, coderFor(tensor).decode));
    },
    async *undo(stored: Stored, tuned: TensorBytes, tensor: TensorKind) {
      const parts = stored.meta.octaves === true ? ['bits', 'octaves'] : ['bits'];
      const chunks = withBytes(chunksOf(stored, parts, tensor), tuned);
      yield* freed(inFlight(chunks, AHEAD, coderFor(tensor).undo));
    },
  };
}

/** Octaves that no number has left. */
const NOTHING = new Uint8Array(0);

/** How the chunks of a tensor are coded. Bytes that it is given may be gone once it has returned. */
interface ChunkCoder {
  encode(pair: Pair, forward: boolean): Promise<Outputs>;
  decode(chunk: Chunk): Promise<Outputs>;
  undo(chunk: Chunk): Promise<Outputs>;
}

type Pair = readonly [base: Uint8Array, tuned: Uint8Array];

/** What is stored of it, and the bytes of the model that is there. */
interface Chunk {
  readonly parts: readonly Uint8Array[];
  readonly bytes: Uint8Array;
}

function coderFor({ dtype }: TensorKind): ChunkCoder {
  const form = formOf(dtype);
  if (form === null)
    return {
      encode: async ([base, tuned]) => [await encodeBytes(base, tuned)],
      decode: async ({ parts: [bits], bytes }) => [await decodeBytes(bits as Uint8Array, bytes.slice())],
      undo: async ({ parts: [bits], bytes }) => [await undoBytes(bits as Uint8Array, bytes.slice())],
    };
  return {
    encode: (pair, forward) => crew().run(encodeChunk, pair, { form, forward }),
    decode: ({ parts: [bits], bytes }) => crew().run(decodeChunk, [bits as Uint8Array, bytes], form),
    undo: ({ parts: [bits, octaves = NOTHING], bytes }) =>
      crew().run(undoChunk, [bits as Uint8Array, octaves, bytes], form),
  };
}

type Range = readonly [begin: number, end: number];

async function* inPairs(
  all: Iterable<Range>,
  base: TensorBytes,
  tuned: TensorBytes,
  pause: Pause,
): AsyncGenerator<Pair> {
  for (const [begin, end] of all) {
    await pause();
    yield [await base.read(begin, end), await tuned.read(begin, end)];
  }
}

/** Bytes may come in a stream: they are read one chunk after the other. */
async function* withBytes(chunks: ReturnType<typeof chunksOf>, from: TensorBytes): AsyncGenerator<Chunk> {
  for await (const { begin, end, parts } of chunks) yield { parts, bytes: await from.read(begin, end) };
}

function isChunkSize(value: unknown): value is number {
  return (
    Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= MOST && (value as number) % 8 === 0
  );
}

function* ranges(bytes: number, size: number): Generator<Range> {
  for (let begin = 0; begin < bytes; begin += size) yield [begin, Math.min(begin + size, bytes)];
}

function partOf(chunks: readonly Uint8Array[]): EncodedPart {
  return { dtype: 'U8', shape: [chunks.reduce((sum, { length }) => sum + length, 0)], chunks };
}

/** The chunks that parts have for the same bytes of the tensor. */
function chunksOf(stored: Stored, names: readonly string[], tensor: TensorKind) {
  const size = stored.meta.chunk_bytes;
  if (!isChunkSize(size))
    throw new DeltaError(`chunk_bytes is ${JSON.stringify(size)}; expected a multiple of 8, at most ${MOST}`);
  const bytes = bytesOf(tensor);
  const expected = Math.ceil(bytes / size);
  const kept = names.map((name) => stored.part(name));
  const wrong = kept.find(({ chunks }) => chunks !== expected);
  if (wrong)
    throw new DeltaError(`${bytes} bytes in chunks of ${size} need ${expected} of them, ${wrong.chunks} are stored`);
  return inFlight(ranges(bytes, size), AHEAD, async ([begin, end]) => {
    return { begin, end, parts: await Promise.all(kept.map((part) => part.chunk(begin / size))) };
  });
}
