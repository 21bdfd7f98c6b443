import { createHash } from 'node:crypto';
import { memorySource, openSafetensors, type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';
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
