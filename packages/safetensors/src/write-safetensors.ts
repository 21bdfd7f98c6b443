/** Writes safetensors files as the reference implementation does, byte for byte: same order, same padding. */
import { DTYPE_BITS, type Dtype, tensorBytes } from './dtype.ts';
import { encodeBfloat16, encodeFloat16 } from './float16.ts';
import { checkTensorName } from './parse-header.ts';
import { quote, SafetensorsError } from './safetensors-error.ts';

/** Values of a tensor: float32 for F32, F16 and BF16, or the bytes themselves, little-endian, for any dtype. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor to be written, row-major. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** The bytes of a tensor, one part after the other. */
export type TensorParts = readonly Uint8Array[] | AsyncIterable<Uint8Array>;

/** A tensor that is asked for when its turn comes, so that a model, or the tensor, need not be in memory whole. */
export interface LazyTensor extends Omit<TensorToWrite, 'data'> {
  readonly data: () => TensorData | TensorParts | Promise<TensorData>;
}

/** `__metadata__` of a file. */
export type MetadataToWrite = Readonly<Record<string, string>>;

/** What errors call a file that has no name yet. */
const UNNAMED = 'file to be written';

/** Elements encoded at a time. */
const CHUNK_ELEMENTS = 1 << 20;

/** A whole file in memory. The order of `tensors` does not matter. */
export function writeSafetensors(tensors: readonly TensorToWrite[], metadata: MetadataToWrite = {}): Uint8Array {
  const { header, sorted, size } = layout(tensors, metadata);
  const file = new Uint8Array(size);
  file.set(header);
  let at = header.length;
  for (const tensor of sorted) {
    for (const part of encode(tensor, tensor.data)) {
      file.set(part, at);
      at += part.length;
    }
  }
  return file;
}

/** The same file in parts, of which only one is in memory at a time. */
export async function* safetensorsChunks(
  tensors: readonly (TensorToWrite | LazyTensor)[],
  metadata: MetadataToWrite = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { header, sorted } = layout(tensors, metadata);
  yield header;
  for (const tensor of sorted) {
    const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
    yield* ArrayBuffer.isView(data) ? encode(tensor, data) : counted(tensor, data);
  }
}

async function* counted({ name, dtype, shape }: Described, parts: TensorParts): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    yield part;
  }
  if (bytes === tensorBytes(dtype, shape)) return;
  throw new SafetensorsError(UNNAMED, `of dtype ${dtype} and shape [${shape}] was given ${bytes} bytes`, {
    tensor: name,
  });
}

type Described = Omit<TensorToWrite, 'data'>;

function layout<T extends Described>(tensors: readonly T[], metadata: MetadataToWrite) {
  const rank = Object.keys(DTYPE_BITS);
  const order = ({ dtype }: Described) => -rank.indexOf(dtype);
  const sorted = [...tensors].sort((a, b) => order(a) - order(b) || compareCodePoints(a.name, b.name));
  const lines: string[] = [];
  const pairs = Object.entries(metadata).sort(([a], [b]) => compareCodePoints(a, b));
  if (pairs.length > 0) lines.push(`"__metadata__":${JSON.stringify(Object.fromEntries(pairs))}`);
  const names = new Set(['__metadata__']);
  let at = 0;
  for (const { name, dtype, shape } of sorted) {
    checkTensorName(name, UNNAMED);
    if (names.has(name)) throw new SafetensorsError(UNNAMED, `cannot hold ${quote(name)} twice`);
    names.add(name);
    const bytes = shape.every((n) => Number.isSafeInteger(n) && n >= 0) ? tensorBytes(dtype, shape) : null;
    if (bytes === null) throw new SafetensorsError(UNNAMED, `cannot have the shape [${shape}]`, { tensor: name });
    lines.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [at, at + bytes] })}`);
    at += bytes;
  }
  const header = encodeHeader(`{${lines.join(',')}}`);
  return { header, sorted, size: header.length + at };
}

/** Length, JSON, and spaces up to a multiple of 8, so that the data is aligned. */
function encodeHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

function* encode({ name, dtype, shape }: Described, data: TensorData): Generator<Uint8Array, void, undefined> {
  const isBytes = data instanceof Uint8Array;
  const unit = isBytes ? 8 : DTYPE_BITS[dtype];
  if (!isBytes && !takes(dtype, data)) {
    throw new SafetensorsError(UNNAMED, `of dtype ${dtype} cannot be written from a ${data.constructor.name}`, {
      tensor: name,
    });
  }
  if ((data.length * unit) / 8 !== tensorBytes(dtype, shape)) {
    const message = `of dtype ${dtype} and shape [${shape}] was given ${data.length} ${isBytes ? 'bytes' : 'values'}`;
    throw new SafetensorsError(UNNAMED, message, { tensor: name });
  }
  if (!(data instanceof Float32Array) || dtype === 'F32') {
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  const narrow = dtype === 'F16' ? encodeFloat16 : encodeBfloat16;
  for (let at = 0; at < data.length; at += CHUNK_ELEMENTS) {
    const values = data.subarray(at, at + CHUNK_ELEMENTS);
    const codes = new Uint16Array(values.length);
    narrow(values, codes);
    yield new Uint8Array(codes.buffer);
  }
}

function takes(dtype: Dtype, data: TensorData): boolean {
  if (data instanceof Float32Array) return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
  return data instanceof Int32Array ? dtype === 'I32' : dtype === 'I64';
}

/** Order of UTF-8, which differs from that of UTF-16 beyond the basic plane. */
function compareCodePoints(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
