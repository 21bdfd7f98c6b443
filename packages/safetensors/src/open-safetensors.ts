/** Opens a safetensors file of which only the header is read; tensors follow on demand, each as one or more ranges. */
import type { ByteSource } from './byte-source.ts';
import { decodeFloat32, decodeInt32 } from './decode.ts';
import { DTYPE_BITS } from './dtype.ts';
import { nearest } from './nearest.ts';
import { parseHeader } from './parse-header.ts';
import { quote, SafetensorsError } from './safetensors-error.ts';
import type { SafetensorsFile, TensorEntry } from './safetensors-file.ts';

/** The reference implementation's limit, so that a broken length cannot ask for all memory. */
const MAX_HEADER_BYTES = 100_000_000;

/** Bytes read at a time while decoding: bounds what is held beside the result. A multiple of every element's size. */
const CHUNK_BYTES = 1 << 24;

/**
 * Opens a safetensors file.
 *
 * @throws SafetensorsError naming the file and the tensor, where the file is not one, is cut, or contradicts itself.
 * @example
 * const file = await openSafetensors(memorySource('x.safetensors', bytes));
 * const weight = await file.readFloat32('lm_head.weight');
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const file = source.name;
  if (source.size < 8) throw new SafetensorsError(file, `has ${source.size} bytes, too few for a safetensors file`);
  const length = new DataView((await readExactly(source, 0, 8)).slice().buffer).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new SafetensorsError(file, `header of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > source.size) {
    throw new SafetensorsError(
      file,
      `header of ${length} bytes is larger than the file of ${source.size}: it is truncated`,
    );
  }
  const place = { file, dataStart, fileSize: source.size };
  const header = parseHeader(await readExactly(source, 8, dataStart), place);
  return safetensorsView(file, header.metadata, header.tensors, () => source);
}

/** The reading half of a `SafetensorsFile`, over entries that may lie in several sources. */
export function safetensorsView(
  name: string,
  metadata: ReadonlyMap<string, string>,
  tensors: ReadonlyMap<string, TensorEntry>,
  sourceOf: (entry: TensorEntry) => ByteSource,
): SafetensorsFile {
  const find = (tensor: string): TensorEntry => {
    const entry = tensors.get(tensor);
    if (entry) return entry;
    const near = nearest(tensor, tensors.keys());
    throw new SafetensorsError(name, `is not in it${near === null ? '' : `; nearest: ${quote(near)}`}`, { tensor });
  };
  const decodeAll = async <A extends Float32Array | Int32Array>(
    tensor: string,
    allocate: (length: number) => A,
    decode: (bytes: Uint8Array, out: A) => void,
    from = 0,
    to?: number,
  ): Promise<A> => {
    const entry = find(tensor);
    const size = DTYPE_BITS[entry.dtype] / 8;
    const length = (entry.end - entry.begin) / size;
    const last = to ?? length;
    checkRange(entry.file, tensor, from, last, length, 'elements');
    const out = allocate(last - from);
    const [begin, end] = [entry.begin + from * size, entry.begin + last * size];
    for (let at = begin; at < end; at += CHUNK_BYTES) {
      const bytes = await readExactly(sourceOf(entry), at, Math.min(at + CHUNK_BYTES, end), { tensor });
      const first = (at - begin) / size;
      decode(bytes, out.subarray(first, first + bytes.length / size) as A);
    }
    return out;
  };
  const refuse = (tensor: string, entry: TensorEntry, wanted: string): SafetensorsError =>
    new SafetensorsError(entry.file, `is ${entry.dtype}, which is not read as ${wanted}`, { tensor });
  return {
    name,
    metadata,
    tensors,
    async read(tensor, from = 0, to, into) {
      const entry = find(tensor);
      const length = entry.end - entry.begin;
      const last = to ?? length;
      checkRange(entry.file, tensor, from, last, length, 'bytes');
      return readExactly(sourceOf(entry), entry.begin + from, entry.begin + last, { tensor, into });
    },
    async readFloat32(tensor, begin, end) {
      const entry = find(tensor);
      const decode = decodeFloat32(entry.dtype);
      if (!decode) throw refuse(tensor, entry, 'float32');
      return decodeAll(tensor, (n) => new Float32Array(n), decode, begin, end);
    },
    async readInt32(tensor) {
      const entry = find(tensor);
      const decode = decodeInt32(entry.dtype);
      if (!decode) throw refuse(tensor, entry, 'int32');
      return decodeAll(
        tensor,
        (n) => new Int32Array(n),
        (bytes, out) => {
          const misfit = decode(bytes, out);
          if (misfit !== null) throw new SafetensorsError(entry.file, `holds ${misfit}, which is no int32`, { tensor });
        },
      );
    },
  };
}

function checkRange(file: string, tensor: string, from: number, to: number, length: number, units: string): void {
  if (from >= 0 && from <= to && to <= length) return;
  throw new SafetensorsError(file, `has ${length} ${units}; ${from} to ${to} were asked for`, { tensor });
}

async function readExactly(
  source: ByteSource,
  start: number,
  end: number,
  { tensor, into }: { readonly tensor?: string; readonly into?: Uint8Array | undefined } = {},
): Promise<Uint8Array> {
  if (start === end) return new Uint8Array(0);
  const bytes = await source.read(start, end, into);
  // Node's Buffer is a Uint8Array whose slice() copies nothing.
  if (bytes.length === end - start) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const message = `${end - start} bytes were asked for at ${start}, ${bytes.length} came: it is truncated`;
  throw new SafetensorsError(source.name, message, tensor === undefined ? {} : { tensor });
}
