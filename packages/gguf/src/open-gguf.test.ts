import { type ByteSource, memorySource } from '@peftjs/safetensors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goldenFile } from '../test/golden-file.ts';
import { joined, number, type TensorToWrite, type Typed, writeGguf } from '../test/write-gguf.ts';
import { GgufError } from './gguf-error.ts';
import { openGguf } from './open-gguf.ts';

const open = (bytes: Uint8Array) => openGguf(memorySource('a.gguf', bytes));
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const TENSOR: TensorToWrite = { name: 'w', dtype: 'F32', shape: [2, 3], bytes: floats(1, 2, 3, 4, 5, 6) };
const NORM: TensorToWrite = { name: 'norm', dtype: 'F32', shape: [1], bytes: floats(7) };

describe('what is there', () => {
  test('metadata of every kind', async () => {
    const nested = joined([number('u32', 9), number('u64', 1), number('u32', 4), number('u64', 2)]);
    const { metadata } = await open(
      writeGguf({
        byte: ['u8', 200],
        small: ['i32', -5],
        real: ['f32', 0.5],
        yes: ['bool', true],
        name: ['string', 'naïve\u0000 日本'],
        safe: ['u64', 2n ** 53n - 1n],
        large: ['u64', 2n ** 60n],
        list: ['array', 'string', ['', 'a']],
        numbers: ['array', 'i32', [3, -1]],
        nested: ['raw', 9, joined([nested, number('u32', 1), number('u32', 2)])],
      }),
    );
    expect(Object.fromEntries(metadata)).toEqual({
      byte: 200,
      small: -5,
      real: 0.5,
      yes: true,
      name: 'naïve\u0000 日本',
      safe: 2 ** 53 - 1,
      large: 2n ** 60n,
      list: ['', 'a'],
      numbers: [3, -1],
      nested: [[1, 2]],
    });
  });

  test.each([2, 3])('tensors, in version %i, row-major, by name and by part', async (version) => {
    const file = await open(writeGguf({}, [TENSOR, NORM], { version }));
    expect([...file.tensors].map(([name, { shape, dtype }]) => [name, shape, dtype])).toEqual([
      ['w', [2, 3], 'F32'],
      ['norm', [1], 'F32'],
    ]);
    expect([...(await file.readFloat32('w', 2, 5))]).toEqual([3, 4, 5]);
    expect(await file.read('norm')).toEqual(floats(7));
  });

  test('another alignment, gaps and empty files', async () => {
    const metadata = { 'general.alignment': ['u32', 64] } as const;
    const file = await open(writeGguf(metadata, [TENSOR, NORM], { alignment: 64 }));
    expect([...(await file.readFloat32('norm'))]).toEqual([7]);
    expect((await open(writeGguf({}))).tensors.size).toBe(0);
  });

  test('the header is read alone, however long it is, and a tensor as a range', async () => {
    const tokens = Array.from({ length: 70_000 }, (_, k) => `token ${k}`);
    const source = memorySource('a.gguf', writeGguf({ tokens: ['array', 'string', tokens] }, [TENSOR, NORM]));
    const asked: string[] = [];
    const read: ByteSource['read'] = (start, end) => {
      asked.push(`${start} to ${end}`);
      return source.read(start, end);
    };
    const file = await openGguf({ ...source, read });
    expect(file.metadata.get('tokens')).toEqual(tokens);
    expect(asked).toEqual([`0 to ${1 << 20}`, `0 to ${Math.min(1 << 22, source.size)}`]);
    const { begin = 0 } = file.tensors.get('w') ?? {};
    asked.length = 0;
    await file.readFloat32('w', 1, 3);
    expect(asked).toEqual([`${begin + 4} to ${begin + 12}`]);
  });
});

describe('what is wrong is named', () => {
  const refused = async (bytes: Uint8Array, message: string) => {
    const error = await open(bytes).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(GgufError);
    expect((error as Error).message).toBe(`[peftjs/gguf] a.gguf: ${message}`);
  };
  const having = (value: Typed) => writeGguf({ k: value });
  const wrong = (...tensors: TensorToWrite[]) => writeGguf({}, tensors);
  const HUGE = 2n ** 63n;

  test('the beginning', async () => {
    await refused(new Uint8Array(0), 'a number would end at byte 4, the file has 0: it is truncated');
    await refused(
      new TextEncoder().encode('{"a": 1} and more'),
      'begins with 0x2261227b, not with "GGUF": it is no GGUF file',
    );
    await refused(writeGguf({}, [], { version: 1 }), 'is of version 1; 2 and 3 are read, little-endian');
    await refused(
      writeGguf({}, [], { version: 0x03000000 }),
      'is of version 50331648 (its numbers are big-endian); 2 and 3 are read, little-endian',
    );
  });

  test('counts and lengths that no file of this size can have', async () => {
    const head = (tensors: bigint, keys: bigint) =>
      joined([new TextEncoder().encode('GGUF'), number('u32', 3), number('u64', tensors), number('u64', keys)]);
    await refused(head(HUGE, 0n), `the number of tensors is ${HUGE}, more than the file of 24 bytes can hold`);
    await refused(head(0n, HUGE), `the number of keys is ${HUGE}, more than the file of 24 bytes can hold`);
    await refused(
      head(20n, 0n),
      'the length of the name of tensor 0 would end at byte 32, the file has 24: it is truncated',
    );
    const [long, file] = [number('u64', HUGE), 'more than the file of 64 bytes can hold'];
    await refused(having(['raw', 8, long]), `the length of the value of key "k" is ${HUGE}, ${file}`);
    await refused(having(['raw', 9, joined([number('u32', 0), long])]), `the length of key "k" is ${HUGE}, ${file}`);
  });

  test('values', async () => {
    await refused(having(['raw', 13, new Uint8Array(8)]), 'key "k" has the type 13, which GGUF does not have');
    await refused(having(['raw', 7, Uint8Array.of(2)]), 'key "k" is neither true nor false: 2');
    const cut = joined([number('u64', 2), Uint8Array.of(0xc3, 0x28)]);
    await refused(having(['raw', 8, cut]), 'the value of key "k" at byte 45 is no UTF-8');
    const arrays = Array.from({ length: 9 }, () => joined([number('u32', 9), number('u64', 1)]));
    await refused(having(['raw', 9, joined(arrays)]), 'key "k" holds arrays within arrays 3 deep');
    await refused(
      writeGguf({ 'general.alignment': ['u32', 12] }),
      'key "general.alignment" is 12; a multiple of 8 is needed',
    );
    const twice = writeGguf({ aa: ['u8', 1], ab: ['u8', 1] });
    await refused(
      twice.map((byte, k) => (k > 40 && byte === 0x62 ? 0x61 : byte)),
      'key "aa" comes twice',
    );
  });

  test('tensors', async () => {
    const w = (change: TensorToWrite['wrong']): TensorToWrite => ({ ...TENSOR, wrong: change ?? {} });
    await refused(wrong(w({ dims: [] })), 'tensor "w" has 0 dimensions; 1 to 4 are possible');
    await refused(wrong(w({ dims: [1, 1, 1, 1, 1] })), 'tensor "w" has 5 dimensions; 1 to 4 are possible');
    await refused(wrong(w({ dims: [HUGE, 4] })), `tensor "w" of shape [4, ${Number(HUGE)}] is larger than any file`);
    await refused(wrong(w({ type: 4 })), 'tensor "w" has the type 4, which is not known here');
    await refused(wrong(w({ type: 2 })), 'tensor "w" of type Q4_0 has rows of 3, no whole blocks of 32');
    await refused(wrong(w({ offset: 4 })), 'tensor "w" begins at 4 of the data, which is no multiple of 32');
    await refused(
      wrong(w({ offset: 1 << 20 })),
      'tensor "w" would end at byte 1048696, the file has 128: it is truncated',
    );
    await refused(wrong(TENSOR, { ...NORM, wrong: { offset: 0 } }), 'tensor "w" overlaps "norm"');
    await refused(wrong(TENSOR, { ...NORM, name: 'w' }), 'tensor "w" comes twice');
  });

  test('a tensor that is not there, and a type that is not read', async () => {
    const bytes = new Uint8Array(66);
    const file = await open(wrong({ name: 'attn_q', dtype: 'IQ2_XXS', shape: [256], bytes }));
    await expect(file.read('attn_k')).rejects.toThrow(
      '[peftjs/gguf] a.gguf: tensor "attn_k" is not in it; nearest: "attn_q"',
    );
    await expect(file.readFloat32('attn_q')).rejects.toThrow(
      '[peftjs/gguf] a.gguf: tensor "attn_q" is IQ2_XXS, which is not read as float32',
    );
    expect(await file.read('attn_q')).toEqual(bytes);
  });
});

test('a real file, cut anywhere, is refused as cut; with a byte changed, it opens or is refused by name', async () => {
  const source = await goldenFile('llama.gguf');
  const bytes = await source.read(0, source.size);
  const end = Math.max(...[...(await open(bytes)).tensors.values()].map((tensor) => tensor.end));
  await fc.assert(
    fc.asyncProperty(fc.nat(end - 1), async (length) => {
      await expect(open(bytes.slice(0, length))).rejects.toThrow(/^\[peftjs\/gguf\] a\.gguf: .*(truncated|can hold)$/);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(9000), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const broken = bytes.slice();
      broken[at] = (broken[at] as number) ^ change;
      const error = await open(broken).catch((caught: unknown) => caught);
      if (error instanceof Error) expect(error).toBeInstanceOf(GgufError);
    }),
    { numRuns: 300 },
  );
});
