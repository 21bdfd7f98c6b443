import { memoryFolder } from '@peftjs/checkpoint';
import type { Storage } from '@peftjs/core';
import { apply, type Codec, diff, exact, openDelta, sign } from '@peftjs/delta';
import { type CausalLM, loadModel } from '@peftjs/models';
import { f16 } from '@peftjs/quantization';
import { describe, expect, it } from 'vitest';
import { baseOf, type FileDtype, numbersOf, variantOf } from '../../delta-runtime/test/variants-of.ts';
import { batches, divergence } from '../../models/test/divergence.ts';
import { guardTensors } from '../../models/test/tiny-llama.ts';
import { TINY } from '../../models/test/tiny-models.ts';
import { distillSigns } from './distill-signs.ts';

guardTensors();

async function pairOf(name: string, dtype: FileDtype = 'F32') {
  const base = await baseOf(name, dtype);
  const tuned = await variantOf(base, 'tuned', (tensor, i) => [
    { ...tensor, data: tensor.data.map((v, k) => v + 0.05 * Math.sin(3 * i + k) * (1 + Math.cos(k / 7))) },
  ]);
  const open = (folder: typeof base, how: { readonly weights?: Storage } = {}) =>
    loadModel(folder, { architectures: [TINY[name]!.architecture], ...how }) as Promise<CausalLM>;
  return { base, tuned, open };
}

describe.each(['llama', 'gpt2'])('signs of a %s with trained scales', (name) => {
  it('come nearer to the fine-tuned model, by what training says, and leave the model as it was', async () => {
    const { base, tuned, open } = await pairOf(name);
    const model = await open(tuned);
    const before = { numbers: numbersOf(model), held: model.stored().map(({ held }) => held) };
    const losses: number[] = [];
    const onStep = ({ loss }: { readonly loss: number }) => losses.push(loss);
    const { codec } = await distillSigns(model, base, batches, { steps: 16, onStep });
    expect(numbersOf(model)).toEqual(before.numbers);
    expect(model.stored().map(({ held }) => held)).toEqual(before.held);

    const far = async (one: typeof codec) => {
      const [delta, applied] = [memoryFolder(), memoryFolder()];
      await diff(base, tuned, delta, { codec: one });
      await apply(base, delta, applied, { codecs: [sign()] });
      const other = await open(applied);
      const found = divergence(model, other);
      other.dispose();
      return { found, manifest: (await openDelta(delta)).manifest };
    };
    const plain = await far((tensor): Codec => (tensor.shape.length > 1 ? sign({ perRow: true }) : exact()));
    const trained = await far(codec);
    expect(losses).toHaveLength(16);
    expect(trained.found).toBeLessThan(0.7 * plain.found);
    // The last step's loss is of the batch before the last update, which is a small one.
    expect(trained.found / divergenceOf(losses)).toBeCloseTo(1, 1);
    const matrices = new Set(model.stored().flatMap((one) => ('encode' in one.held ? [one.name] : [])));
    for (const [tensor, { payloads }] of trained.manifest.tensors)
      expect(payloads.change?.codec).toBe(matrices.has(tensor) ? 'sign' : 'exact');
    model.dispose();
  });
});

/** Of the last two steps, one of each batch. */
const divergenceOf = (losses: readonly number[]) => (losses.at(-1)! + losses.at(-2)!) / 2;

describe('distillSigns', () => {
  it('trains one scale for a matrix, as in the paper, of a model that is held as its file has it', async () => {
    const { base, tuned, open } = await pairOf('llama', 'F16');
    const [model, held] = [await open(tuned), await open(tuned, { weights: f16() })];
    const options = { steps: 2, perRow: false };
    const found = await distillSigns(model, base, batches, options);
    expect(await distillSigns(held, base, batches, options)).toMatchObject({ scales: found.scales });
    const { manifest } = await diff(base, tuned, memoryFolder(), { codec: found.codec });
    const signs = [...manifest.tensors.values()].flatMap(({ payloads: { change } }) =>
      change?.codec === 'sign' ? [change.parts.scales?.[0]?.bytes] : [],
    );
    expect(new Set(signs)).toEqual(new Set([2]));
    held.dispose();
    model.dispose();
  });

  it('refuses another base and a model that does not say what it holds, and ends when it is told to', async () => {
    const { base, tuned, open } = await pairOf('llama');
    const model = await open(tuned);
    const before = model.stored().map(({ held }) => held);
    await expect(distillSigns(model, await baseOf('gpt2'), batches)).rejects.toThrow(
      /^\[peftjs\/delta-distill\] base has no "model.embed_tokens.weight"; give the base of "tuned"$/,
    );
    const { stored: _, ...silent } = model;
    await expect(distillSigns(silent, base, batches)).rejects.toThrow('"tuned" does not say what it holds');
    const stop = new AbortController();
    const onStep = () => stop.abort(new Error('enough'));
    await expect(distillSigns(model, base, batches, { onStep, signal: stop.signal })).rejects.toThrow('enough');
    expect(model.stored().map(({ held }) => held)).toEqual(before);
    model.dispose();
  });
});
