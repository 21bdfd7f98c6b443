import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from './byte-source.ts';
import type { Dtype } from './dtype.ts';
import { blobSource, memorySource } from './memory-source.ts';
import { openSafetensors } from './open-safetensors.ts';
import { SafetensorsError } from './safetensors-error.ts';
import { writeSafetensors } from './write-safetensors.ts';

const sample = writeSafetensors(
  [
    { name: 'layers.0.weight', dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: 'layers.0.half', dtype: 'F16', shape: [3], data: Float32Array.of(-1, 0.5, 1e-7) },
    { name: 'ids', dtype: 'I64', shape: [2], data: BigInt64Array.of(-7n, 9n) },
  ],
  { format: 'pt' },
);

const open = (bytes: Uint8Array) => openSafetensors(memorySource('m.safetensors', bytes));

async function readAll(bytes: Uint8Array): Promise<void> {
  const file = await open(bytes);
  for (const name of file.tensors.keys()) {
    await file.read(name);
    await file.readFloat32(name).catch(mustBeOurs);
    await file.readInt32(name).catch(mustBeOurs);
  }
}

function mustBeOurs(error: unknown): void {
  if (!(error instanceof SafetensorsError) || error.message.includes('\n')) throw error;
}

/** One tensor of `dtype` with these bytes, at an odd address. */
async function single(dtype: Dtype, bytes: ArrayLike<number>, count: number) {
  const file = writeSafetensors([{ name: 't', dtype, shape: [count], data: Uint8Array.from(bytes) }]);
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  return open(shifted.subarray(1));
}

describe('openSafetensors', () => {
  it("reads a small Buffer of Node's, which is a part of a larger one at any place", async () => {
    const pool = Buffer.alloc(sample.length + 8, 7);
    for (const at of [0, 1, 4, 7]) {
      pool.set(sample, at);
      const file = await open(pool.subarray(at, at + sample.length));
      expect(await file.readFloat32('layers.0.weight')).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
      expect(await file.readInt32('ids')).toEqual(Int32Array.of(-7, 9));
    }
  });

  it('reads a part of a tensor, in every type, and nothing else of the file', async () => {
    const reads: number[] = [];
    const memory = memorySource('m', sample);
    const source: ByteSource = {
      ...memory,
      read(start, end) {
        reads.push(end - start);
        return memory.read(start, end);
      },
    };
    const file = await openSafetensors(source);
    reads.length = 0;
    expect(await file.readFloat32('layers.0.weight', 1, 4)).toEqual(Float32Array.of(2, 3, 4));
    expect(await file.readFloat32('layers.0.half', 1, 2)).toEqual(Float32Array.of(0.5));
    expect(await file.readFloat32('layers.0.weight', 4)).toEqual(Float32Array.of(5, 6));
    expect(reads).toEqual([12, 2, 8]);
    expect(await file.readFloat32('layers.0.weight', 3, 3)).toEqual(new Float32Array(0));
    expect(await file.read('layers.0.weight', 4, 8)).toEqual((await file.read('layers.0.weight')).slice(4, 8));
    await expect(file.read('layers.0.weight', 4, 25)).rejects.toThrow('has 24 bytes; 4 to 25 were asked for');
    for (const [begin, end] of [
      [-1, 2],
      [3, 2],
      [0, 7],
    ] as const) {
      await expect(file.readFloat32('layers.0.weight', begin, end)).rejects.toThrow(
        `tensor "layers.0.weight" has 6 elements; ${begin} to ${end} were asked for`,
      );
    }
  });

  it('reads the header alone, then each tensor as a range', async () => {
    const reads: [number, number][] = [];
    const memory = memorySource('m', sample);
    const source: ByteSource = {
      ...memory,
      read(start, end) {
        reads.push([start, end]);
        return memory.read(start, end);
      },
    };
    const file = await openSafetensors(source);
    const entry = file.tensors.get('layers.0.weight')!;
    const header = Math.min(...[...file.tensors.values()].map(({ begin }) => begin));
    expect(reads).toEqual([
      [0, 8],
      [8, header],
    ]);
    expect(await file.readFloat32('layers.0.weight')).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(reads.slice(2)).toEqual([[entry.begin, entry.end]]);
    expect(entry).toMatchObject({ dtype: 'F32', shape: [2, 3], file: 'm' });
  });

  it('reads a blob', async () => {
    const file = await openSafetensors(blobSource('b', new Blob([sample.slice()])));
    expect(await file.readInt32('ids')).toEqual(Int32Array.of(-7, 9));
  });

  it('gives memory of its own', async () => {
    const bytes = sample.slice();
    const file = await open(bytes);
    const values = await file.readFloat32('layers.0.weight');
    values.fill(0);
    expect(bytes).toEqual(sample);
  });

  it('reads tensors larger than one range', async () => {
    const data = Float32Array.from({ length: (1 << 22) + 5 }, (_, i) => i);
    const file = await open(writeSafetensors([{ name: 't', dtype: 'F32', shape: [data.length], data }]));
    const read = await file.readFloat32('t');
    expect(Buffer.compare(Buffer.from(read.buffer), Buffer.from(data.buffer))).toBe(0);
  });

  it.each<[Dtype, ArrayLike<number>, number[]]>([
    ['F64', new Uint8Array(Float64Array.of(0.1, -1e300).buffer), [Math.fround(0.1), Number.NEGATIVE_INFINITY]],
    ['BF16', [0x80, 0x3f, 0x49, 0xc0], [1, -3.140625]],
    ['F16', [0x00, 0x3c, 0x01, 0x80], [1, -(2 ** -24)]],
  ])('decodes %s', async (dtype, bytes, values) => {
    expect([...(await (await single(dtype, bytes, values.length)).readFloat32('t'))]).toEqual(values);
  });

  it.each<[Dtype, ArrayLike<number>, number[]]>([
    ['BOOL', [0, 1], [0, 1]],
    ['U8', [0, 255], [0, 255]],
    ['I8', [1, 255], [1, -1]],
    ['U16', [255, 255, 1, 0], [65535, 1]],
    ['I16', [255, 255, 1, 0], [-1, 1]],
    ['I32', [255, 255, 255, 255], [-1]],
    ['U32', [255, 255, 255, 127], [2147483647]],
    ['U64', [1, 0, 0, 0, 0, 0, 0, 0], [1]],
    ['I64', [0, 0, 0, 128, 255, 255, 255, 255], [-2147483648]],
  ])('decodes %s', async (dtype, bytes, values) => {
    expect([...(await (await single(dtype, bytes, values.length)).readInt32('t'))]).toEqual(values);
  });

  it.each<[Dtype, ArrayLike<number>, string]>([
    ['U32', [0, 0, 0, 128], '2147483648'],
    ['I64', [0, 0, 0, 0, 1, 0, 0, 0], '4294967296'],
  ])('refuses %s that is no int32', async (dtype, bytes, value) => {
    const file = await single(dtype, bytes, 1);
    await expect(file.readInt32('t')).rejects.toThrow(`m.safetensors: tensor "t" holds ${value}, which is no int32`);
  });

  it('names dtype and nearest name where a read cannot be', async () => {
    const file = await open(sample);
    await expect(file.readFloat32('ids')).rejects.toThrow('tensor "ids" is I64, which is not read as float32');
    await expect(file.readInt32('layers.0.half')).rejects.toThrow('is F16, which is not read as int32');
    await expect(file.read('layers.0.wieght')).rejects.toThrow('is not in it; nearest: "layers.0.weight"');
  });

  it('refuses a file shorter than a header, and headers over the limit or over the file', async () => {
    await expect(open(sample.subarray(0, 7))).rejects.toThrow('m.safetensors: has 7 bytes, too few');
    const huge = sample.slice();
    new DataView(huge.buffer).setBigUint64(0, 100_000_001n, true);
    await expect(open(huge)).rejects.toThrow('header of 100000001 bytes is over the limit of 100000000');
    new DataView(huge.buffer).setBigUint64(0, 2n ** 64n - 1n, true);
    await expect(open(huge)).rejects.toThrow('header of 18446744073709551615 bytes is over the limit');
    new DataView(huge.buffer).setBigUint64(0, BigInt(huge.length - 7), true);
    await expect(open(huge)).rejects.toThrow(`is larger than the file of ${huge.length}`);
  });

  it('refuses a file cut at any byte', async () => {
    for (let length = 0; length < sample.length; length++) {
      await expect(open(sample.subarray(0, length))).rejects.toThrow(SafetensorsError);
    }
  });

  it('refuses a source that gives less than it promised', async () => {
    const memory = memorySource('m', sample);
    const source: ByteSource = { ...memory, read: (a, b) => memory.read(a, Math.min(b, sample.length - 4)) };
    const file = await openSafetensors(source);
    const last = [...file.tensors.keys()].at(-1)!;
    await expect(file.read(last)).rejects.toThrow(`tensor "${last}" 6 bytes were asked for`);
  });

  it('fails with nothing but SafetensorsError on mutated files', async () => {
    const change = fc.record({ at: fc.nat(sample.length - 1), to: fc.integer({ min: 0, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = sample.slice();
        for (const { at, to } of changes) bytes[at] = to;
        await readAll(bytes).catch(mustBeOurs);
      }),
      { seed: 14, numRuns: 5000 },
    );
  });

  it('fails with nothing but SafetensorsError on headers of any JSON', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'F4', 'I64', 'BOOL', 'toString'), fc.jsonValue()),
          shape: fc.oneof(fc.array(fc.oneof(fc.nat(8), fc.double())), fc.jsonValue()),
          data_offsets: fc.oneof(fc.array(fc.nat(32), { maxLength: 3 }), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
    );
    const key = fc.oneof(fc.string(), fc.constantFrom('__metadata__', '__proto__', 'constructor'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { maxLength: 4 }), fc.nat(64), async (entries, dataSize) => {
        const body = entries.map(([name, described]) => `${JSON.stringify(name)}:${JSON.stringify(described)}`);
        const json = new TextEncoder().encode(`{${body.join(',')}}`);
        const bytes = new Uint8Array(8 + json.length + dataSize);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
        bytes.set(json, 8);
        await readAll(bytes).catch(mustBeOurs);
      }),
      { seed: 15, numRuns: 5000 },
    );
  });
});
