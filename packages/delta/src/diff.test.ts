import { fingerprintWeights, memoryFolder, openWeights } from '@peftjs/checkpoint';
import { writeSafetensors } from '@peftjs/safetensors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listed, model, numbers, pair, someModel, type Tensors, text } from '../test/models.ts';
import { apply, undo } from './apply.ts';
import { chain } from './chain.ts';
import { exact } from './codecs/exact.ts';
import { diff } from './diff.ts';
import { inspect } from './inspect.ts';
import { verify } from './verify.ts';

describe('diff, apply and undo', () => {
  it('give back every byte of both models', async () => {
    const { base, tuned } = pair();
    const [delta, there, back] = [memoryFolder(), memoryFolder(), memoryFolder()];
    await diff(base, tuned, delta);
    await apply(base, delta, there);
    expect(new Map([...there.files].sort())).toEqual(new Map([...tuned.files].sort()));
    await undo(tuned, delta, back);
    expect(new Map([...back.files].sort())).toEqual(new Map([...base.files].sort()));
    await verify(delta);
    await verify(delta, { base });
  });

  it('do so for any two models, in chunks and shards of any size', async () => {
    const sizes = fc.record({ shardBytes: fc.constantFrom(1, 20, 2 ** 26), reversible: fc.constant(true) });
    await fc.assert(
      fc.asyncProperty(someModel, someModel, sizes, async (a, b, options) => {
        const [base, tuned] = [model(a.tensors, a.files), model(b.tensors, b.files)];
        const [delta, there, back] = [memoryFolder(), memoryFolder(), memoryFolder()];
        await diff(base, tuned, delta, options);
        await apply(base, delta, there);
        await undo(there, delta, back);
        expect(new Map([...there.files].sort())).toEqual(new Map([...tuned.files].sort()));
        expect(new Map([...back.files].sort())).toEqual(new Map([...base.files].sort()));
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('do not depend on how the base is sharded', async () => {
    const { tuned } = pair();
    const a: Tensors = {
      x: { dtype: 'F32', shape: [2], data: numbers(1, 2) },
      y: { dtype: 'F16', shape: [3], data: numbers(2, 3) },
    };
    const whole = model(a);
    const [x, y] = listed(a);
    const index = { weight_map: { y: 'two.safetensors', x: 'one.safetensors' } };
    const sharded = memoryFolder([
      ['model.safetensors.index.json', text(JSON.stringify(index))],
      ['two.safetensors', writeSafetensors([y!])],
      ['one.safetensors', writeSafetensors([x!])],
    ]);
    const [one, two, out] = [memoryFolder(), memoryFolder(), memoryFolder()];
    const { manifest } = await diff(whole, tuned, one);
    expect((await diff(sharded, tuned, two)).manifest.base.fingerprint).toBe(manifest.base.fingerprint);
    await apply(sharded, one, out);
    expect(await fingerprintWeights(await openWeights(out))).toBe(manifest.tuned.fingerprint);
  });

  it('say what is the same, has changed, is new and is gone', async () => {
    const { base, tuned } = pair();
    const delta = memoryFolder([], 'd');
    const { manifest } = await diff(base, tuned, delta, { baseName: 'org/base' });
    const found = await inspect(delta);
    expect(found).toMatchObject({ same: 1, changed: 4, whole: 3, removed: 1, reversible: true, location: 'd' });
    expect(found.base).toEqual({ ...manifest.base, name: 'org/base' });
    expect(found.files).toEqual(['config.json', 'new.json', 'old.json']);
    const stored = [...delta.files].filter(([name]) => name.startsWith('delta'));
    expect(found.bytes).toBe(stored.reduce((sum, [, { length }]) => sum + length, 0));
  });

  it('can leave out what only undoing needs', async () => {
    const { base, tuned } = pair();
    const [delta, out] = [memoryFolder([], 'd'), memoryFolder()];
    await diff(base, tuned, delta, { reversible: false });
    expect((await inspect(delta)).reversible).toBe(false);
    await apply(base, delta, out);
    await expect(undo(tuned, delta, memoryFolder())).rejects.toThrow(
      '[peftjs/delta] d: tensor "a.weight" cannot be undone: the delta was made without what only undoing takes',
    );
  });

  it('can leave out what only undoing an exact change takes', async () => {
    const [values, changes] = [numbers(3, 2048), numbers(4, 2048)];
    const one = (share: number): Tensors => ({
      w: { dtype: 'F16', shape: [2048], data: values.map((v, i) => v + share * (changes[i] as number)) },
    });
    const [base, tuned] = [model(one(0)), model(one(0.02))];
    const [whole, delta, out] = [memoryFolder(), memoryFolder([], 'd'), memoryFolder()];
    const { bytes } = await diff(base, tuned, whole);
    const { bytes: less, manifest } = await diff(base, tuned, delta, { reversible: false });
    expect(less).toBeLessThan(bytes);
    expect(manifest.tensors.get('w')?.payloads.change?.forward).toBe(true);
    expect((await inspect(delta)).reversible).toBe(false);
    await apply(base, delta, out);
    expect(out.files).toEqual(tuned.files);
    const refused = '[peftjs/delta] d: tensor "w" cannot be undone';
    await expect(undo(tuned, delta, memoryFolder())).rejects.toThrow(refused);
    await expect(chain([delta], memoryFolder())).rejects.toThrow(refused);
  });

  it('hold little where little has changed', async () => {
    const values = numbers(3, 4096);
    const one = (change: number): Tensors => ({
      w: { dtype: 'F16', shape: [64, 64], data: values.map((v, i) => (i === 7 ? v + change : v)) },
    });
    const { bytes } = await diff(model(one(0)), model(one(1)), memoryFolder());
    expect(bytes).toBeLessThan(300);
  });

  it('hold a text in much less than its length', async () => {
    const words = Array.from(numbers(5, 4000), (v) => `"token-${Math.floor(50 * (v + 1))}"`).join(',');
    const w: Tensors = { w: { dtype: 'F16', shape: [1], data: numbers(1, 1) } };
    const { bytes } = await diff(model(w), model(w, { 'tokenizer.json': words }), memoryFolder());
    expect(bytes).toBeLessThan(words.length / 5);
  });

  it('tell how far they are, and end when they are told to', async () => {
    const { base, tuned } = pair();
    const delta = memoryFolder();
    const seen: number[] = [];
    await diff(base, tuned, delta, { onProgress: ({ loaded, total }) => seen.push(loaded / total) });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    const controller = new AbortController();
    const stop = { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) };
    await expect(apply(base, delta, memoryFolder(), stop)).rejects.toThrow('enough');
    await expect(diff(base, tuned, memoryFolder(), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
      'no',
    );
  });

  it('refuse chunks that no reader takes', () => {
    expect(() => exact({ chunkBytes: 12 })).toThrow('[peftjs/delta] chunkBytes is 12; give a multiple of 8');
  });
});
