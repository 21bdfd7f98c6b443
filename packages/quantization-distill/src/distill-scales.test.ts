import { attach, type Host, type Storage, type StoredTensor, type Weight } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { type CausalLM, loadModel, type TokenBatch } from '@peftjs/models';
import { byRole, fp4, int4, isScaled, nf4 } from '@peftjs/quantization';
import { describe, expect, it } from 'vitest';
import { baseOf } from '../../delta-runtime/test/variants-of.ts';
import { batches, divergence, TEXTS } from '../../models/test/divergence.ts';
import { guardTensors, logitsOf } from '../../models/test/tiny-llama.ts';
import { TINY } from '../../models/test/tiny-models.ts';
import { distillScales } from './distill-scales.ts';

guardTensors();

async function pairOf(name: string, weights: Storage) {
  const folder = await baseOf(name);
  const { architecture } = TINY[name] as (typeof TINY)[string];
  const open = (how: { readonly weights?: Storage }) =>
    loadModel(folder, { architectures: [architecture], ...how }) as Promise<CausalLM>;
  return { original: await open({}), model: await open({ weights }) };
}

const heldBy = (model: Host) => (model.stored?.() ?? []).map(({ held }) => held);
const isCoded = ({ held }: StoredTensor) => 'encode' in held && isScaled(held);

/** The codes of all that has some, as files would have them. */
async function codesOf(model: CausalLM) {
  const found: Record<string, unknown> = {};
  for (const { name, held } of model.stored().filter(isCoded)) {
    const codes = await (held as Weight).fileCodes?.();
    found[name] = codes && (await codes.tensors.weight?.data());
  }
  return found;
}

describe.each([
  ['llama', 'nf4', nf4({ block: 32 })],
  ['llama', 'nf4 with scales in 8 bits', nf4({ block: 32, doubleQuantization: true })],
  ['llama', 'int4 with offsets', int4({ group: 32, asymmetric: true })],
  ['gpt2', 'fp4', fp4({ block: 32 })],
])('a %s in %s', (name, _, storage) => {
  it('says what it says in full better than before, with the same codes', async () => {
    const { original, model } = await pairOf(name, byRole({ embed: (v, o, i) => nf4()(v, o, i) }, storage));
    const before = divergence(original, model);
    const first = divergence(original, model, TEXTS.slice(0, 1));
    const codes = await codesOf(model);
    const losses: number[] = [];
    const bytes = heldBy(model).map((one) => 'bytes' in one && one.bytes);
    const done = await distillScales(model, (batch) => original.logits(batch), batches, {
      steps: 24,
      learningRate: 0.02,
      onStep: ({ loss }) => losses.push(loss),
    });
    const after = divergence(original, model);
    expect(losses).toHaveLength(24);
    expect((losses[0] as number) / first).toBeCloseTo(1, 3);
    expect(after).toBeLessThan(0.7 * before);
    expect(await codesOf(model)).toEqual(codes);
    expect(heldBy(model).map((one) => 'bytes' in one && one.bytes)).toEqual(bytes);
    expect(done.weights).toBeGreaterThan(7);
    expect(done.scales).toBeGreaterThan(done.weights);
    original.dispose();
    model.dispose();
  });
});

describe('distillScales', () => {
  it('leaves the model as it was when it is told to end', async () => {
    const { original, model } = await pairOf('llama', nf4());
    const held = heldBy(model);
    const before = logitsOf(model, TEXTS[0] as TokenBatch);
    const stop = new AbortController();
    const onStep = () => stop.abort(new Error('enough'));
    const teach = (batch: TokenBatch) => original.logits(batch);
    await expect(distillScales(model, teach, batches, { onStep, signal: stop.signal })).rejects.toThrow('enough');
    expect(heldBy(model)).toEqual(held);
    expect(logitsOf(model, TEXTS[0] as TokenBatch)).toEqual(before);
    original.dispose();
    model.dispose();
  });

  it('takes a model without adapters, of codes in groups', async () => {
    const { original, model } = await pairOf('llama', nf4());
    const teach = (batch: TokenBatch) => original.logits(batch);
    await expect(distillScales(original, teach, batches)).rejects.toThrow(
      /^\[peftjs\/quantization-distill\] no linear layer holds codes in groups; load the model with nf4\(\)/,
    );
    const adapter = attach(model, lora({ r: 1 }), { name: 'mine' });
    await expect(distillScales(model, teach, batches)).rejects.toThrow('"mine" is attached; detach it');
    adapter.detach();
    original.dispose();
    model.dispose();
  });
});
