/** Reads a GGUF header, and refuses one that contradicts itself or its file. */
import { BLOCK_TYPES, type BlockType } from './block-types.ts';
import { type Cursor, cursorOn, type NumberType } from './cursor.ts';
import { GgufError } from './gguf-error.ts';
import type { GgufTensor, MetadataValue } from './gguf-file.ts';

export interface Header {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747;
const NUMBERS: Readonly<Record<number, NumberType>> = {
  ...{ 0: 'u8', 1: 'i8', 2: 'u16', 3: 'i16', 4: 'u32', 5: 'i32', 6: 'f32', 10: 'u64', 11: 'i64', 12: 'f64' },
};
const [BOOL, STRING, ARRAY] = [7, 8, 9];
/** Arrays of arrays of arrays have not been seen. */
const DEPTH = 3;
const DIMS = 4;

/**
 * @param bytes the file's first ones, perhaps not enough
 * @throws EndOfBytes where they are not
 */
export function parseHeader(bytes: Uint8Array, file: string, fileSize: number): Header {
  const cursor = cursorOn(bytes, file, fileSize);
  const magic = cursor.number('u32');
  if (magic !== MAGIC) {
    throw new GgufError(file, `begins with ${hex(magic as number)}, not with "GGUF": it is no GGUF file`);
  }
  const version = cursor.number('u32') as number;
  if (version !== 2 && version !== 3) {
    const why = (version & 0xffff) === 0 ? ' (its numbers are big-endian)' : '';
    throw new GgufError(file, `is of version ${version}${why}; 2 and 3 are read, little-endian`);
  }
  const tensorCount = cursor.count('the number of tensors');
  const keyCount = cursor.count('the number of keys');
  const metadata = new Map<string, MetadataValue>();
  for (let k = 0; k < keyCount; k++) {
    const key = cursor.text(`the name of key ${k}`);
    if (metadata.has(key)) throw new GgufError(file, 'comes twice', { key });
    metadata.set(key, readValue(cursor, cursor.number('u32') as number, { file, key, depth: 0 }));
  }
  const infos = Array.from({ length: tensorCount }, (_, k) => readTensorInfo(cursor, file, k));
  const alignment = alignmentOf(metadata, file);
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  return { metadata, tensors: placed(infos, { file, alignment, dataStart, fileSize }) };
}

interface Reading {
  readonly file: string;
  readonly key: string;
  readonly depth: number;
}

function readValue(cursor: Cursor, type: number, { file, key, depth }: Reading): MetadataValue {
  const numbers = NUMBERS[type];
  if (numbers !== undefined) return narrowed(cursor.number(numbers));
  if (type === STRING) return cursor.text(`the value of key "${key}"`);
  if (type === BOOL) {
    const value = cursor.number('u8');
    if (value === 0 || value === 1) return value === 1;
    throw new GgufError(file, `is neither true nor false: ${value}`, { key });
  }
  if (type !== ARRAY) throw new GgufError(file, `has the type ${type}, which GGUF does not have`, { key });
  if (depth === DEPTH) throw new GgufError(file, `holds arrays within arrays ${DEPTH} deep`, { key });
  const inner = cursor.number('u32') as number;
  const length = cursor.count(`the length of key "${key}"`);
  const values: MetadataValue[] = [];
  for (let k = 0; k < length; k++) values.push(readValue(cursor, inner, { file, key, depth: depth + 1 }));
  return values;
}

function narrowed(value: number | bigint): number | bigint {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

interface TensorInfo {
  readonly name: string;
  readonly type: BlockType;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly offset: number;
}

function readTensorInfo(cursor: Cursor, file: string, index: number): TensorInfo {
  const tensor = cursor.text(`the name of tensor ${index}`);
  const fail = (message: string) => new GgufError(file, message, { tensor });
  const rank = cursor.number('u32') as number;
  if (rank < 1 || rank > DIMS) throw fail(`has ${rank} dimensions; 1 to ${DIMS} are possible`);
  const shape = Array.from({ length: rank }, () => Number(cursor.number('u64'))).reverse();
  const id = cursor.number('u32') as number;
  const offset = Number(cursor.number('u64'));
  const type = BLOCK_TYPES.find((one) => one.id === id);
  if (type === undefined) throw fail(`has the type ${id}, which is not known here`);
  const width = shape.at(-1) as number;
  if (width % type.values !== 0) {
    throw fail(`of type ${type.name} has rows of ${width}, no whole blocks of ${type.values}`);
  }
  const size = (shape.reduce((n, d) => n * d, 1) / type.values) * type.bytes;
  if (!Number.isSafeInteger(size)) throw fail(`of shape [${shape.join(', ')}] is larger than any file`);
  return { name: tensor, type, shape, bytes: size, offset };
}

function alignmentOf(metadata: Header['metadata'], file: string): number {
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment === 'number' && alignment > 0 && alignment % 8 === 0) return alignment;
  throw new GgufError(file, `is ${String(alignment)}; a multiple of 8 is needed`, { key: 'general.alignment' });
}

interface Place {
  readonly file: string;
  readonly alignment: number;
  readonly dataStart: number;
  readonly fileSize: number;
}

/** Where each tensor lies: within the file, on its boundaries, none over another. */
function placed(infos: readonly TensorInfo[], { file, alignment, dataStart, fileSize }: Place): Header['tensors'] {
  const tensors = new Map<string, GgufTensor>();
  for (const { name: tensor, type, shape, bytes, offset } of infos) {
    const fail = (message: string) => new GgufError(file, message, { tensor });
    if (tensors.has(tensor)) throw fail('comes twice');
    if (!Number.isSafeInteger(offset) || offset % alignment !== 0) {
      throw fail(`begins at ${offset} of the data, which is no multiple of ${alignment}`);
    }
    const begin = dataStart + offset;
    if (begin + bytes > fileSize) {
      throw fail(`would end at byte ${begin + bytes}, the file has ${fileSize}: it is truncated`);
    }
    tensors.set(tensor, { dtype: type.name, type, shape, begin, end: begin + bytes });
  }
  let before: readonly [name: string, tensor: GgufTensor] | undefined;
  for (const one of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (before !== undefined && one[1].begin < before[1].end) {
      throw new GgufError(file, `overlaps "${before[0]}"`, { tensor: one[0] });
    }
    before = one;
  }
  return tensors;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
