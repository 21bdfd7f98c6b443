import {
  createKeys,
  diskFolder,
  type MemoryFolder,
  memoryFolder,
  openSafetensorsWeights,
  sign,
} from '@peftjs/checkpoint';
import { attach, dense, merge, pin, restore, type Storage } from '@peftjs/core';
import { apply, diff, int8 as int8Codec } from '@peftjs/delta';
import { dora, lora, noisy, pissa, readLora } from '@peftjs/lora';
import { type CausalLM, type ImageBatch, loadModel, type Model } from '@peftjs/models';
import { bf16, bitsandbytes, f16, int4, int8, nf4 } from '@peftjs/quantization';
import { memorySource, openSafetensors, type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it, test } from 'vitest';
import { guardTensors, logitsOf, tensorsOf, withTensors } from '../../models/test/tiny-llama.ts';
import { CLASSES, IMAGES, TINY, TOKENS, valuesOf } from '../../models/test/tiny-models.ts';
import { baseOf, deltaOf, type FileDtype, moved, numbersOf, variantOf } from '../test/variants-of.ts';
import { loadDelta } from './load-delta.ts';

guardTensors();

const open = (name: string, folder: MemoryFolder): Promise<Model> =>
  loadModel(folder, { architectures: [(TINY[name] as (typeof TINY)[string]).architecture] });

function outputOf(name: string, model: Model): Float32Array {
  type Runs = { logits?(batch: unknown): Tensor; embed(batch: unknown): Tensor };
  const batch: unknown = name.startsWith('vit')
    ? (IMAGES as ImageBatch)
    : model.task === 'CAUSAL_LM'
      ? TOKENS
      : CLASSES;
  const runs = model as unknown as Runs;
  return valuesOf(runs.logits ? runs.logits(batch) : runs.embed(batch));
}

describe('a delta on a loaded model', () => {
  it.each(Object.keys(TINY))('makes a %s the tuned one, bit for bit, and the base again', async (name) => {
    const base = await baseOf(name);
    const tuned = await variantOf(base, 'tuned');
    const [model, wanted] = [await open(name, base), await open(name, tuned)];
    const before = { numbers: numbersOf(model), output: outputOf(name, model), held: model.stored() };
    const delta = await loadDelta(model, await deltaOf(base, tuned));
    expect(numbersOf(model)).toEqual(before.numbers);
    delta.apply();
    expect(numbersOf(model)).toEqual(numbersOf(wanted));
    expect(outputOf(name, model)).toEqual(outputOf(name, wanted));
    expect(outputOf(name, model)).not.toEqual(before.output);
    expect(await model.base.fingerprint()).toBe(await wanted.base.fingerprint());
    delta.takeOff();
    expect(numbersOf(model)).toEqual(before.numbers);
    expect(outputOf(name, model)).toEqual(before.output);
    expect(model.stored().map(({ held }) => held)).toEqual(before.held.map(({ held }) => held));
    delta.dispose();
    model.dispose();
    wanted.dispose();
  });

  const STORAGES: readonly (readonly [string, Storage, FileDtype])[] = [
    ['f32', dense, 'F16'],
    ['f16', f16(), 'F16'],
    ['bf16', bf16(), 'BF16'],
    ['int8', int8(), 'BF16'],
    ['int4', int4({ group: 32 }), 'F16'],
    ['nf4', nf4({ doubleQuantization: true }), 'F16'],
  ];
  it.each(STORAGES)('in %s holds what the tuned model holds in it', async (_, weights, dtype) => {
    const base = await baseOf('llama', dtype, { tie_word_embeddings: false, attention_bias: true });
    const tuned = await variantOf(base, 'tuned');
    const [model, wanted] = [await loadModel(base, { weights }), await loadModel(tuned, { weights })];
    const [numbers, logits, held] = [numbersOf(model), logitsOf(model, TOKENS), model.stored().map((one) => one.held)];
    const delta = await loadDelta(model, await deltaOf(base, tuned));
    expect(delta.bytes).toBeGreaterThan(0);
    delta.apply();
    expect(numbersOf(model)).toEqual(numbersOf(wanted));
    expect(logitsOf(model, TOKENS)).toEqual(logitsOf(wanted, TOKENS));
    delta.takeOff();
    for (const [i, one] of model.stored().entries()) expect(one.held).toBe(held[i]);
    expect(numbersOf(model)).toEqual(numbers);
    expect(logitsOf(model, TOKENS)).toEqual(logits);
    delta.apply();
    delta.dispose();
    expect(logitsOf(model, TOKENS)).toEqual(logits);
    model.dispose();
    wanted.dispose();
  });

  it('holds what a lossy delta gives, signed by whom it trusts', async () => {
    const base = await baseOf('llama', 'F16');
    const [delta, made] = [memoryFolder(), memoryFolder()];
    const lossy = int8Codec();
    await diff(base, await variantOf(base, 'tuned'), delta, { codec: lossy });
    const keys = await createKeys();
    const signed = memoryFolder(delta.files);
    await sign(signed, keys.privateKey);
    await apply(base, signed, made, { codecs: [lossy] });
    const [model, wanted] = [await loadModel(base), await loadModel(made)];
    await expect(loadDelta(model, delta, { codecs: [lossy], trusted: [keys.publicKey] })).rejects.toThrow('sign');
    const loaded = await loadDelta(model, signed, { codecs: [lossy], trusted: [keys.publicKey] });
    loaded.apply();
    expect(numbersOf(model)).toEqual(numbersOf(wanted));
    loaded.dispose();
    model.dispose();
    wanted.dispose();
  });

  it("finds tensors by the names of the file, where they are not the model's own", async () => {
    const renamed = async (folder: MemoryFolder) => {
      const short = (await tensorsOf(folder.files)).map((one) => ({
        ...one,
        name: one.name.replace(/^transformer\./, ''),
      }));
      return memoryFolder(withTensors(folder.files, short).files, folder.location);
    };
    const base = await renamed(await baseOf('gpt2'));
    const tuned = await variantOf(base, 'tuned');
    const [model, wanted] = [await open('gpt2', base), await open('gpt2', tuned)];
    const delta = await loadDelta(model, await deltaOf(base, tuned));
    delta.apply();
    expect(numbersOf(model)).toEqual(numbersOf(wanted));
    delta.dispose();
    model.dispose();
    wanted.dispose();
  });
});

describe('several deltas', () => {
  it('take turns, and go on top of each other', async () => {
    const base = await baseOf('llama', 'F16');
    const [a, b] = [await variantOf(base, 'a', moved(1)), await variantOf(base, 'b', moved(2))];
    const top = await variantOf(a, 'top', moved(3));
    const logits: Record<string, Float32Array> = {};
    for (const folder of [base, a, b, top]) {
      const model = await loadModel(folder, { weights: int8() });
      logits[folder.location] = logitsOf(model, TOKENS);
      model.dispose();
    }
    const model = await loadModel(base, { weights: int8() });
    const expectModel = (name: string) => expect(logitsOf(model, TOKENS)).toEqual(logits[name]);
    const onA = await loadDelta(model, await deltaOf(base, a));
    onA.apply();
    const [onB, onTop] = [
      await loadDelta(model, await deltaOf(base, b)),
      await loadDelta(model, await deltaOf(a, top)),
    ];
    expectModel('a');
    onB.apply();
    expectModel('b');
    expect([onA.active, onB.active]).toEqual([false, true]);
    expect(() => onTop.apply()).toThrow('"top" was loaded for "a", the model is "b" now; make it that again first');
    onA.apply();
    onTop.apply();
    expectModel('top');
    expect(() => onA.takeOff()).toThrow('"top" lies on "a"; take it off first');
    onB.apply();
    expectModel('b');
    expect([onA.active, onTop.active]).toEqual([false, false]);
    onB.takeOff();
    onB.takeOff();
    expectModel('base');
    for (const delta of [onA, onB, onTop]) delta.dispose();
    expect(() => onA.apply()).toThrow('was freed; load it again');
    model.dispose();
  });
});

describe('adapters on the model', () => {
  it('stay, and compute anew what they derive', async () => {
    const base = await baseOf('llama');
    const tuned = await variantOf(base, 'tuned');
    const [model, wanted] = [await loadModel(base), await loadModel(tuned)];
    const adapter = attach(model, dora({ r: 2, init: noisy, targets: ['q_proj', 'down_proj'] }), { seed: 3 });
    const logits = logitsOf(model, TOKENS);
    const other = await restore(wanted, await adapter.snapshot(), [readLora()], { anyBase: true });
    const delta = await loadDelta(model, await deltaOf(base, tuned));
    delta.apply();
    expect(logitsOf(model, TOKENS)).toEqual(logitsOf(wanted, TOKENS));
    expect((await adapter.snapshot()).provenance?.base).toMatchObject({
      name: 'tuned',
      fingerprint: await wanted.base.fingerprint(),
    });
    delta.dispose();
    expect(logitsOf(model, TOKENS)).toEqual(logits);
    adapter.detach();
    other.detach();
    model.dispose();
    wanted.dispose();
  });
});

describe('refused, with the model as it was:', () => {
  /** A model, a delta for it, and a check that the model says what it said. */
  async function scene(weights?: Storage) {
    const base = await baseOf('llama');
    const tuned = await variantOf(base, 'tuned');
    const model = await loadModel(base, weights && { weights });
    const logits = logitsOf(model, TOKENS);
    const delta = await deltaOf(base, tuned);
    return {
      base,
      model,
      delta,
      end() {
        expect(logitsOf(model, TOKENS)).toEqual(logits);
        model.dispose();
      },
    };
  }

  test('another base', async () => {
    const { base, model, end } = await scene();
    const other = await variantOf(base, 'other', moved(2));
    const delta = await deltaOf(other, base);
    await expect(loadDelta(model, delta)).rejects.toThrow(
      /base-delta was made for "other" \(sha256:\w{64}\), this model is "base" \(sha256:\w{64}\); load the base it was made for$/,
    );
    end();
  });

  test('a damaged chunk, after others were made', async () => {
    const { model, delta, end } = await scene(int8());
    const bytes = (delta.files.get('delta.safetensors') as Uint8Array).slice();
    const { tensors } = await openSafetensors(memorySource('delta', bytes));
    // Octaves are for undoing, and not read here.
    const [, part] = [...tensors].findLast(([name]) => !name.includes('#change.octaves')) as [string, { end: number }];
    bytes[part.end - 1]! ^= 1;
    const damaged = memoryFolder([...delta.files, ['delta.safetensors', bytes]]);
    await expect(loadDelta(model, damaged)).rejects.toThrow('it is damaged');
    end();
  });

  type Tensors = Awaited<ReturnType<typeof tensorsOf>>;
  test.each<[string, (all: Tensors) => Tensors, string]>([
    [
      'a tensor of another shape',
      ([first, ...rest]) => [{ ...first!, shape: [first!.data.length] }, ...rest],
      'has shape [',
    ],
    ['one that is new', (all) => [...all, { ...all[0]!, name: 'score.weight' }], 'is new in the tuned model'],
    ['one that is gone', (all) => all.slice(1), 'is gone in the tuned model'],
  ])('%s', async (_, edit, message) => {
    const { base, model, end } = await scene();
    const tuned = withTensors(base.files, edit(await tensorsOf(base.files)));
    const delta = memoryFolder();
    await diff(base, tuned, delta);
    await expect(loadDelta(model, delta)).rejects.toThrow(message);
    end();
  });

  test.each([
    ['codes', 'U8', 'holds codes (U8), which are not changed in place'],
    ['the scales of codes', '.absmax', 'is a part of how another is stored'],
  ])('%s of a file', async (_, which, message) => {
    const source = diskFolder(new URL('../../../golden/storages/llama-nf4', import.meta.url).pathname);
    const file = await openSafetensorsWeights(source);
    const name = [...file.tensors].find(([one, { dtype }]) => dtype === which || one.endsWith(which))![0];
    const tensors: TensorToWrite[] = [];
    for (const [one, { dtype, shape }] of file.tensors) {
      const data = (await file.read(one)).slice();
      if (one === name) data[0]! ^= 1;
      tensors.push({ name: one, dtype, shape, data });
    }
    const delta = memoryFolder();
    await diff(source, memoryFolder([['model.safetensors', writeSafetensors(tensors)]]), delta);
    const model = await loadModel(source, { weights: bitsandbytes() });
    await expect(loadDelta(model, delta)).rejects.toThrow(`tensor "${name}" ${message}`);
    model.dispose();
  });

  test('a change in the middle of a request, or under a merged adapter, and a way back then', async () => {
    const { model, delta: folder, end } = await scene(int8());
    const delta = await loadDelta(model, folder);
    const request = pin(model);
    expect(() => delta.apply()).toThrow('making it "tuned" changes the base\'s weights, and 1 request is under way');
    request.release();
    const adapter = attach(model, lora({ r: 2, init: noisy, targets: ['q_proj'] }));
    const unmerge = await merge(adapter);
    expect(() => delta.apply()).toThrow('"default" has changed the base\'s weights; unmerge it, or detach it');
    unmerge();
    delta.apply();
    const again = await merge(adapter);
    expect(() => delta.takeOff()).toThrow('before making it "base" again');
    again();
    adapter.detach();
    const start = attach(model, lora({ r: 2, init: pissa, targets: ['q_proj'] }));
    expect(() => delta.dispose()).toThrow('"default" has changed');
    start.detach();
    delta.dispose();
    end();
  });

  test('one that fails in the middle', async () => {
    const { model, delta: folder, end } = await scene(nf4());
    const delta = await loadDelta(model, folder);
    const { setWeight } = model;
    let count = 0;
    model.setWeight = (...args) => {
      count += 1;
      if (count === 4) throw new RangeError('no memory');
      return setWeight(...args);
    };
    expect(() => delta.apply()).toThrow('no memory');
    expect([delta.active, model.base.name]).toEqual([false, 'base']);
    model.setWeight = setWeight;
    delta.dispose();
    end();
  });
});

test('an output that is tied to the embedding follows it', async () => {
  const base = await baseOf('llama');
  const tuned = await variantOf(base, 'tuned', (tensor) => [
    tensor.name.includes('embed') ? { ...tensor, data: tensor.data.map((v) => -v) } : tensor,
  ]);
  const [model, wanted]: readonly CausalLM[] = [
    await loadModel(base, { weights: int8() }),
    await loadModel(tuned, { weights: int8() }),
  ];
  const delta = await loadDelta(model!, await deltaOf(base, tuned));
  delta.apply();
  expect(logitsOf(model!, TOKENS)).toEqual(logitsOf(wanted!, TOKENS));
  const [embed, head] = ['embed', 'head'].map((role) => model!.sites().find((site) => site.role === role));
  expect(embed && 'weight' in embed && head && 'weight' in head && embed.weight === head.weight).toBe(true);
  delta.dispose();
  model!.dispose();
  wanted!.dispose();
});
