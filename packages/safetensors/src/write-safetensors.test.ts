import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPython, runPython } from '../test/python.ts';
import { memorySource } from './memory-source.ts';
import { openSafetensors } from './open-safetensors.ts';
import { SafetensorsError } from './safetensors-error.ts';
import { safetensorsChunks, type TensorToWrite, writeSafetensors } from './write-safetensors.ts';

const shape = fc.array(fc.nat(4), { maxLength: 4 });
const size = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);
const name = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((text) => !/\p{Cc}/u.test(text) && !['__metadata__', '__proto__'].includes(text));

const tensor: fc.Arbitrary<TensorToWrite> = fc.tuple(name, shape).chain(([name, shape]) => {
  const length = { minLength: size(shape), maxLength: size(shape) };
  return fc.oneof(
    fc.float32Array(length).map((data) => ({ name, shape, dtype: 'F32' as const, data })),
    fc.int32Array(length).map((data) => ({ name, shape, dtype: 'I32' as const, data })),
    fc.bigInt64Array(length).map((data) => ({ name, shape, dtype: 'I64' as const, data })),
    fc.uint8Array(length).map((data) => ({ name, shape, dtype: 'U8' as const, data })),
  );
});
const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 8 });
const metadata = fc.dictionary(name, fc.string());

const bytesOf = ({ data }: TensorToWrite) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const halves = (bytes: Uint8Array) => [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];

async function concatenate(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part.slice());
  return new Uint8Array(Buffer.concat(all));
}

describe('writeSafetensors', () => {
  it('gives back what was written', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, metadata, async (written, metadata) => {
        const file = await openSafetensors(memorySource('f', writeSafetensors(written, metadata)));
        expect(new Map(file.metadata)).toEqual(new Map(Object.entries(metadata)));
        expect([...file.tensors.keys()].sort()).toEqual(written.map(({ name }) => name).sort());
        for (const tensor of written) {
          expect(file.tensors.get(tensor.name)).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
          expect(await file.read(tensor.name)).toEqual(bytesOf(tensor));
        }
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it('gives the same bytes in any order, whole or in parts', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, metadata, async (written, metadata) => {
        const whole = writeSafetensors(written, metadata);
        expect(writeSafetensors([...written].reverse(), metadata)).toEqual(whole);
        const lazy = written.map((tensor) => ({ ...tensor, data: async () => tensor.data }));
        expect(await concatenate(safetensorsChunks(lazy, metadata))).toEqual(whole);
        const halved = written.map((tensor) => ({ ...tensor, data: () => halves(bytesOf(tensor)) }));
        expect(await concatenate(safetensorsChunks(halved, metadata))).toEqual(whole);
      }),
      { seed: 13, numRuns: 200 },
    );
  });

  it('refuses parts that are too few or too many', async () => {
    const chunks = (count: number) =>
      safetensorsChunks([{ name: 'a', dtype: 'F32', shape: [2], data: () => halves(new Uint8Array(count)) }]);
    await expect(concatenate(chunks(7))).rejects.toThrow('of dtype F32 and shape [2] was given 7 bytes');
    await expect(concatenate(chunks(9))).rejects.toThrow('was given 9 bytes');
  });

  it('aligns the data to 8 bytes', () => {
    for (let length = 1; length < 20; length++) {
      const file = writeSafetensors([{ name: 'x'.repeat(length), dtype: 'U8', shape: [1], data: Uint8Array.of(7) }]);
      expect((file.length - 1) % 8).toBe(0);
    }
  });

  it('rounds to float16 and bfloat16, in more than one part', async () => {
    const data = Float32Array.from({ length: (1 << 20) + 3 }, (_, i) => Math.fround(Math.sin(i) * 100));
    const tensors = (['F16', 'BF16'] as const).map((dtype) => ({ name: dtype, dtype, shape: [data.length], data }));
    const file = await openSafetensors(memorySource('f', writeSafetensors(tensors)));
    const [half, brain] = await Promise.all([file.readFloat32('F16'), file.readFloat32('BF16')]);
    const within = (read: Float32Array, relative: number, absolute: number) =>
      data.every((x, i) => Math.abs(read[i]! - x) <= Math.max(Math.abs(x) * relative, absolute));
    expect(within(half, 2 ** -11, 2 ** -25)).toBe(true);
    expect(within(brain, 2 ** -8, 0)).toBe(true);
    expect(within(half, 2 ** -12, 2 ** -25)).toBe(false);
  });

  it.each<[string, readonly TensorToWrite[], string]>([
    [
      'two tensors of one name',
      [0, 1].map(() => ({ name: 'a', dtype: 'U8', shape: [0], data: new Uint8Array() })),
      '"a" twice',
    ],
    [
      'a tensor called as the metadata',
      [{ name: '__metadata__', dtype: 'U8', shape: [0], data: new Uint8Array() }],
      'twice',
    ],
    [
      'a hostile name',
      [{ name: '__proto__', dtype: 'U8', shape: [0], data: new Uint8Array() }],
      'has a name that is refused',
    ],
    ['too few values', [{ name: 'a', dtype: 'F32', shape: [2, 2], data: new Float32Array(3) }], 'was given 3 values'],
    ['too many bytes', [{ name: 'a', dtype: 'F32', shape: [1], data: new Uint8Array(5) }], 'was given 5 bytes'],
    [
      'a negative size',
      [{ name: 'a', dtype: 'U8', shape: [-1], data: new Uint8Array() }],
      'cannot have the shape [-1]',
    ],
    [
      'floats as integers',
      [{ name: 'a', dtype: 'I32', shape: [1], data: new Float32Array(1) }],
      'cannot be written from a Float32Array',
    ],
  ])('refuses %s', (_, tensors, message) => {
    expect(() => writeSafetensors(tensors)).toThrow(SafetensorsError);
    expect(() => writeSafetensors(tensors)).toThrow(message);
  });
});

const python = findPython('safetensors.numpy');

describe.skipIf(!python)('the Python library (PEFTJS_PYTHON or .venv)', () => {
  it('writes the same bytes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'peftjs-safetensors-'));
    try {
      const tensors: TensorToWrite[] = [
        { name: 'b', dtype: 'F16', shape: [2, 3], data: Float32Array.of(0.1, -2.5, 1e-7, 65504, 1e9, -0) },
        { name: 'a', dtype: 'F32', shape: [2], data: Float32Array.of(Math.PI, -1e-30) },
        { name: 'é𝄞', dtype: 'I64', shape: [], data: BigInt64Array.of(-5n) },
        { name: '\uffee', dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 40n) },
        { name: 'A', dtype: 'I32', shape: [0, 4], data: new Int32Array() },
        { name: 'u', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
      ];
      const ours = join(folder, 'ours.safetensors');
      const theirs = join(folder, 'theirs.safetensors');
      writeFileSync(ours, writeSafetensors(tensors, { format: 'pt' }));
      const program = [
        'import sys, numpy as np',
        'from safetensors.numpy import load_file, save_file',
        'read = load_file(sys.argv[1])',
        'save_file(read, sys.argv[2], metadata={"format": "pt"})',
        'wanted = np.array([0.1, -2.5, 1e-7, 65504, 1e9, -0.0], np.float32).astype(np.float16)',
        'print(read["b"].tobytes() == wanted.tobytes(), read["u"].tolist())',
      ].join('\n');
      expect(runPython(python!, program, [ours, theirs])).toBe('True [1, 2, 255]\n');
      expect(readFileSync(theirs)).toEqual(readFileSync(ours));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
