import { createHash } from 'node:crypto';
import { memorySource, openSafetensors, type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fingerprint, fingerprintWeights } from './fingerprint.ts';
import { memoryFolder } from './memory-folder.ts';
import { openWeights } from './open-weights.ts';
import { sha256 } from './sha256.ts';

const a = { name: 'a', dtype: 'F32', shape: [2], bytes: Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64) } as const;
const b = { name: 'b', dtype: 'U8', shape: [1, 3], bytes: Uint8Array.of(1, 2, 3) } as const;
const weights: readonly TensorToWrite[] = [a, b].map(({ bytes, ...rest }) => ({ ...rest, data: bytes }));
const node = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('fingerprint', () => {
  it('is what its definition says', async () => {
    const lines = [a, b].map(({ name, dtype, shape, bytes }) => JSON.stringify([name, dtype, shape, node(bytes)]));
    expect(await fingerprint([b, a])).toBe(`sha256:${node(`${lines.join('\n')}\n`)}`);
  });

  it('is the same for one file and for shards', async () => {
    const one = memoryFolder([['model.safetensors', writeSafetensors(weights)]]);
    const index = { weight_map: { b: 'model-1.safetensors', a: 'model-2.safetensors' } };
    const sharded = memoryFolder([
      ['model.safetensors.index.json', new TextEncoder().encode(JSON.stringify(index))],
      ['model-1.safetensors', writeSafetensors([weights[1]!])],
      ['model-2.safetensors', writeSafetensors([weights[0]!])],
    ]);
    const expected = await fingerprint([a, b]);
    expect(await fingerprintWeights(await openWeights(one))).toBe(expected);
    expect(await fingerprintWeights(await openWeights(sharded))).toBe(expected);
  });

  it('is the same for any shards in any order', async () => {
    const shards = fc.array(fc.nat(3), { minLength: 6, maxLength: 6 });
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 });
    const all = Array.from({ length: 6 }, (_, i) => ({
      ...a,
      name: `t${i}`,
      data: Uint8Array.of(...a.bytes).fill(i, 3),
    }));
    const expected = await fingerprint(all.map(({ data, ...rest }) => ({ ...rest, bytes: data })));
    await fc.assert(
      fc.asyncProperty(shards, order, async (shard, sequence) => {
        const map = sequence.map((i) => [`t${i}`, `model-${shard[i]}.safetensors`] as const);
        const index = new TextEncoder().encode(JSON.stringify({ weight_map: Object.fromEntries(map) }));
        const files = [...new Set(shard)].map((n) => {
          const own = sequence.filter((i) => shard[i] === n).map((i) => all[i]!);
          return [`model-${n}.safetensors`, writeSafetensors(own)] as const;
        });
        const folder = memoryFolder([['model.safetensors.index.json', index], ...files]);
        expect(await fingerprintWeights(await openWeights(folder))).toBe(expected);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('changes with a name, a dtype, a shape or a byte', async () => {
    const changed = [
      { ...a, name: 'c' },
      { ...a, dtype: 'I32' },
      { ...a, shape: [1, 2] },
      { ...a, bytes: a.bytes.map((byte, i) => (i === 0 ? 1 : byte)) },
    ];
    const all = await Promise.all([[a, b], [a], ...changed.map((x) => [x, b])].map((entries) => fingerprint(entries)));
    expect(new Set(all).size).toBe(all.length);
  });

  it('refuses a tensor that comes twice', async () => {
    await expect(fingerprint([a, a])).rejects.toThrow('tensor "a" came twice');
  });

  it('stops when told to', async () => {
    const file = await openSafetensors(memorySource('f', writeSafetensors(weights)));
    await expect(fingerprintWeights(file, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });
});

describe('sha256', () => {
  it('is the same without WebCrypto, and of shared memory', async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
    const shared = new Uint8Array(new SharedArrayBuffer(1000));
    shared.set(bytes);
    expect(await sha256(bytes)).toBe(node(bytes));
    expect(await sha256(shared)).toBe(node(bytes));
    vi.stubGlobal('crypto', undefined);
    expect(await sha256(bytes)).toBe(node(bytes));
  });
});

describe('openWeights', () => {
  it('says what it looked for', async () => {
    const folder = memoryFolder([['pytorch_model.bin', new Uint8Array()]], 'models/x');
    await expect(openWeights(folder)).rejects.toThrow(
      'models/x has neither model.safetensors nor model.safetensors.index.json; "pytorch_model.bin" is a pickle',
    );
  });
});
