// Writes small GGUF files for tests, whole ones and broken ones.
import { BLOCK_TYPES } from '../src/index.ts';

/** A value with its type: `['u32', 4]`, `['string', 'llama']`, `['array', 'i32', [1, 2]]`. */
export type Typed =
  | readonly ['u8' | 'u32' | 'i32' | 'f32' | 'u64', number | bigint]
  | readonly ['bool', boolean]
  | readonly ['string', string]
  | readonly ['array', 'string' | 'i32', readonly (string | number)[]]
  | readonly ['raw', number, Uint8Array];

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** In place of the right ones. */
  readonly wrong?: { readonly type?: number; readonly offset?: number; readonly dims?: readonly (number | bigint)[] };
}

const TYPES = { u8: 0, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10 } as const;

export function writeGguf(
  metadata: Readonly<Record<string, Typed>>,
  tensors: readonly TensorToWrite[] = [],
  { version = 3, alignment = 32 } = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const put = (...bytes: Uint8Array[]) => parts.push(...bytes);
  put(text('GGUF'), number('u32', version), number('u64', tensors.length), number('u64', Object.keys(metadata).length));
  for (const [key, value] of Object.entries(metadata)) {
    const type = value[0] === 'raw' ? value[1] : TYPES[value[0]];
    put(string(key), number('u32', type), encoded(value));
  }
  let offset = 0;
  for (const { name, dtype, shape, bytes, wrong = {} } of tensors) {
    const id = BLOCK_TYPES.find((type) => type.name === dtype)?.id;
    const dims = wrong.dims ?? [...shape].reverse();
    put(string(name), number('u32', dims.length), ...dims.map((d) => number('u64', d)));
    put(number('u32', wrong.type ?? (id as number)), number('u64', wrong.offset ?? offset));
    offset += Math.ceil(bytes.length / alignment) * alignment;
  }
  const pad = () => put(new Uint8Array((alignment - (length(parts) % alignment)) % alignment));
  pad();
  for (const { bytes } of tensors) {
    put(bytes);
    pad();
  }
  return joined(parts);
}

function encoded(value: Typed): Uint8Array {
  switch (value[0]) {
    case 'raw':
      return value[2];
    case 'string':
      return string(value[1]);
    case 'bool':
      return number('u8', Number(value[1]));
    case 'array': {
      const [, type, values] = value;
      const each = values.map((one) => (type === 'string' ? string(one as string) : number('i32', one as number)));
      return joined([number('u32', TYPES[type]), number('u64', values.length), ...each]);
    }
    default:
      return number(value[0], value[1]);
  }
}

export function number(type: 'u8' | 'u32' | 'i32' | 'f32' | 'u64', value: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer({ u8: 1, u32: 4, i32: 4, f32: 4, u64: 8 }[type]));
  if (type === 'u64') view.setBigUint64(0, BigInt(value), true);
  else if (type === 'u8') view.setUint8(0, Number(value));
  else if (type === 'f32') view.setFloat32(0, Number(value), true);
  else view.setUint32(0, Number(value), true);
  return new Uint8Array(view.buffer);
}

function string(value: string): Uint8Array {
  const bytes = text(value);
  return joined([number('u64', bytes.length), bytes]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function length(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(length(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
