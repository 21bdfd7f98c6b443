import { loadAdapter, type MemoryFolder, memoryFolder } from '@peftjs/checkpoint';
import { restore } from '@peftjs/core';
import { apply, diff, lowRank, toLora } from '@peftjs/delta';
import { readLora } from '@peftjs/lora';
import { type CausalLM, loadModel } from '@peftjs/models';
import { describe, expect, it } from 'vitest';
import { guardTensors, logitsOf, tensorsOf, withTensors } from '../../models/test/tiny-llama.ts';
import { TINY, TOKENS } from '../../models/test/tiny-models.ts';
import { baseOf, moved, variantOf } from '../test/variants-of.ts';
import { placesOf } from './places-of.ts';

guardTensors();

const open = (name: string, folder: MemoryFolder) =>
  loadModel(folder, { architectures: [(TINY[name] as (typeof TINY)[string]).architecture] }) as Promise<CausalLM>;

/** The same model with the names that files of the hub have. */
async function shortNames(folder: MemoryFolder): Promise<MemoryFolder> {
  const tensors = await tensorsOf(folder.files);
  const short = tensors.map((one) => ({ ...one, name: one.name.replace(/^transformer\./, '') }));
  return memoryFolder(withTensors(folder.files, short).files, folder.location);
}

describe.each([
  ['llama', async (folder: MemoryFolder) => folder],
  ['gpt2', async (folder: MemoryFolder) => folder],
  ['gpt2', shortNames],
] as const)('the places of a %s', (name, named) => {
  it('make a delta of low rank the LoRA that says the same', async () => {
    const base = await named(await baseOf(name));
    const [delta, applied, adapter] = [memoryFolder(), memoryFolder(), memoryFolder()];
    await diff(base, await variantOf(base, 'tuned', moved(4)), delta, { codec: lowRank({ rank: 2 }) });
    await apply(base, delta, applied, { codecs: [lowRank()] });
    const [model, wanted] = [await open(name, base), await open(name, applied)];
    await toLora(delta, adapter, { base, places: placesOf(model) });
    const saved = await loadAdapter(adapter);
    const before = logitsOf(model, TOKENS);
    const restored = await restore(model, saved, [readLora()]);
    const [found, expected] = [logitsOf(model, TOKENS), logitsOf(wanted, TOKENS)];
    const apart = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((v, i) => v - b[i]!));
    expect(apart(found, expected)).toBeLessThan(1e-5 * apart(expected, before));
    expect(saved.config.fan_in_fan_out).toBe(name === 'gpt2');
    restored.detach();
    model.dispose();
    wanted.dispose();
  });
});
