/** Opens a GGUF file of which only the header is read; tensors follow on demand, each as one or more ranges. */
import { type ByteSource, nearest, quote } from '@peftjs/safetensors';
import { EndOfBytes } from './cursor.ts';
import { GgufError } from './gguf-error.ts';
import type { GgufFile, GgufTensor } from './gguf-file.ts';
import { type Header, parseHeader } from './parse-header.ts';

/** What is read first. Headers have some kB, or with a tokenizer some MB; then it is read again, four times as much. */
const FIRST_BYTES = 1 << 20;
/** So that a broken header cannot ask for all memory. */
const MAX_HEADER_BYTES = 1 << 27;
/** Bytes read at a time while decoding, whole blocks of them: bounds what is held beside the result. */
const CHUNK_BYTES = 1 << 24;

/**
 * Opens a GGUF file.
 *
 * @throws GgufError naming the file and the key or tensor, where the file is not one, is cut, or contradicts itself
 * @example
 * const file = await openGguf(blobSource('model.gguf', blob));
 * const weight = await file.readFloat32('output_norm.weight');
 */
export async function openGguf(source: ByteSource): Promise<GgufFile> {
  const { name } = source;
  const { metadata, tensors } = await readHeader(source);
  const find = (tensor: string): GgufTensor => {
    const entry = tensors.get(tensor);
    if (entry) return entry;
    const near = nearest(tensor, tensors.keys());
    throw new GgufError(name, `is not in it${near === null ? '' : `; nearest: ${quote(near)}`}`, { tensor });
  };
  return {
    name,
    metadata,
    tensors,
    async read(tensor) {
      const { begin, end } = find(tensor);
      return readExactly(source, begin, end);
    },
    async readFloat32(tensor, from = 0, to) {
      const { type, shape, begin } = find(tensor);
      const { values, bytes, decode } = type;
      if (decode === undefined) throw new GgufError(name, `is ${type.name}, which is not read as float32`, { tensor });
      const length = shape.reduce((n, d) => n * d, 1);
      const last = to ?? length;
      if (!(from >= 0 && from <= last && last <= length)) {
        throw new GgufError(name, `has ${length} elements; ${from} to ${last} were asked for`, { tensor });
      }
      const [first, blocks] = [Math.floor(from / values), Math.ceil(last / values)];
      const whole = new Float32Array((blocks - first) * values);
      const most = Math.floor(CHUNK_BYTES / bytes);
      for (let block = first; block < blocks; block += most) {
        const end = Math.min(block + most, blocks);
        const chunk = await readExactly(source, begin + block * bytes, begin + end * bytes);
        decode(chunk, whole.subarray((block - first) * values, (end - first) * values));
      }
      if (from % values === 0 && last % values === 0) return whole;
      return whole.slice(from - first * values, last - first * values);
    },
  };
}

async function readHeader(source: ByteSource): Promise<Header> {
  let size = Math.min(FIRST_BYTES, source.size);
  for (;;) {
    const bytes = await readExactly(source, 0, size);
    try {
      return parseHeader(bytes, source.name, source.size);
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      if (size >= MAX_HEADER_BYTES) {
        throw new GgufError(source.name, `has a header of more than ${MAX_HEADER_BYTES} bytes, the limit`);
      }
      size = Math.min(Math.max(4 * size, error.needed), source.size, MAX_HEADER_BYTES);
    }
  }
}

async function readExactly(source: ByteSource, start: number, end: number): Promise<Uint8Array> {
  if (start === end) return new Uint8Array(0);
  const bytes = await source.read(start, end);
  // Node's Buffer is a Uint8Array whose slice() copies nothing.
  if (bytes.length === end - start) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  throw new GgufError(
    source.name,
    `${end - start} bytes were asked for at ${start}, ${bytes.length} came: it is truncated`,
  );
}
