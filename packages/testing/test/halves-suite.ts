// Models of 16-bit numbers, held in 16 bits and in float32: they say the same, and adapters over them learn the same.
import { type Backend, memoryMeter, valueAndGrads } from '@peftjs/backend';
import { diskFolder, type Folder, memoryFolder } from '@peftjs/checkpoint';
import { attach, type Host, type Method, merge, modulesToSave, type Storage } from '@peftjs/core';
import { dora, lora, noisy } from '@peftjs/lora';
import { bertClassifier, loadModel, type Model, type TokenInput } from '@peftjs/models';
import { bf16, f16 } from '@peftjs/quantization';
import { type Dtype, openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { type Learner, train } from '@peftjs/train';
import { mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { makeVariant } from './every-method.ts';

const cases = new URL('../../../golden/cases/', import.meta.url);
const STORAGES = { F16: f16, BF16: bf16 } as const;

/** Bases of golden cases; GPT-2's matrices lie the other way round in its file, the last Llama's output is its embedding. */
const BASES = { llama: 'lora', gpt2: 'gpt2-lora', bert: 'bert-lora-seq-cls', tied: 'embedding-tied' } as const;

const METHODS: Readonly<Record<string, () => Method | readonly Method[]>> = {
  LoRA: () => lora({ r: 4 }),
  DoRA: () => dora({ r: 4 }),
};

/** A base with its numbers rounded to 16 bits, as such or, the same ones, as float32. */
async function roundedBase(name: string, dtype: Dtype, asFloats: boolean): Promise<Folder> {
  const folder = diskFolder(new URL(`${name}/base`, cases).pathname);
  const files = new Map<string, Uint8Array>();
  for (const file of await folder.list()) {
    const source = await folder.open(file);
    if (source !== null) files.set(file, (await source.read(0, source.size)).slice());
  }
  const source = await folder.open('model.safetensors');
  if (source === null) throw new Error(`${name} has no weights`);
  const rewrite = async (from: typeof source, to: Dtype) => {
    const file = await openSafetensors(from);
    const tensors = [...file.tensors].map(async ([key, { shape }]) => ({
      name: key,
      shape,
      dtype: to,
      data: await file.readFloat32(key),
    }));
    files.set('model.safetensors', writeSafetensors(await Promise.all(tensors)));
  };
  await rewrite(source, dtype);
  if (asFloats) {
    const rounded = await memoryFolder(files).open('model.safetensors');
    await rewrite(rounded as typeof source, 'F32');
  }
  return memoryFolder(files);
}

type Tested = Model & Learner<TokenInput & { labels?: Int32Array }> & { logits(batch: TokenInput): Tensor };

async function open(base: keyof typeof BASES, dtype: keyof typeof STORAGES, weights?: Storage): Promise<Tested> {
  const folder = await roundedBase(BASES[base], dtype, weights === undefined);
  const options = weights === undefined ? {} : { weights };
  const model =
    base === 'bert'
      ? await loadModel(folder, { ...options, architectures: [bertClassifier()] })
      : await loadModel(folder, options);
  return model as unknown as Tested;
}

function batchFor(base: keyof typeof BASES): TokenInput & { labels: Int32Array } {
  const inputIds = Int32Array.from({ length: 14 }, (_, k) => 3 + ((k * k * 5) % 40));
  const attentionMask = Int32Array.from({ length: 14 }, (_, k) => Number(k < 12));
  const labels = base === 'bert' ? Int32Array.from([1, 0]) : inputIds.map((id, k) => (k < 12 ? id : -100));
  return { inputIds, attentionMask, shape: [2, 7], labels, tasks: Int32Array.of(0, 1) };
}

interface Learned {
  readonly before: Float32Array;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly losses: readonly number[];
  readonly after: Float32Array;
}

async function read(t: Tensor): Promise<Float32Array> {
  const values = (await t.data()) as Float32Array;
  t.dispose();
  return values;
}

/** What an adapter learns in three steps. */
async function learn(model: Tested, base: keyof typeof BASES, methods: Method | readonly Method[]): Promise<Learned> {
  const batch = batchFor(base);
  const before = await read(model.logits(batch));
  const adapter = attach(model, methods, { seed: 5 });
  const own = adapter.parameters.filter((p) => p.trainable);
  const { targets } = model.count(batch);
  const { value, grads } = valueAndGrads(
    () => mul(model.loss(batch, { training: true, seed: 0 }), 1 / targets),
    own.map((p) => p.variable),
  );
  value.dispose();
  const gradients = new Map<string, Float32Array>();
  for (const [i, { key }] of own.entries()) gradients.set(key, await read(grads[i] as Tensor));
  const losses: number[] = [];
  for await (const event of train(
    model,
    { size: 1, get: () => batch },
    { trainable: adapter, learningRate: 1e-2, steps: 3 },
  ))
    if (event.type === 'step') losses.push(event.loss);
  const after = await read(model.logits(batch));
  adapter.detach();
  expect(await read(model.logits(batch))).toEqual(before);
  return { before, gradients, losses, after };
}

/** Over a storage and over float32 of the same numbers: logits, gradients, losses and what comes of three steps. */
async function expectSame(
  base: keyof typeof BASES,
  dtype: keyof typeof STORAGES,
  make: (host: Host) => Method | readonly Method[],
): Promise<void> {
  const found: Learned[] = [];
  for (const weights of [STORAGES[dtype](), undefined]) {
    const model = await open(base, dtype, weights);
    found.push(await learn(model, base, make(model)));
    model.dispose();
  }
  const [half, whole] = found as [Learned, Learned];
  const near = (what: string, kind: keyof typeof TOLERANCES, a: ArrayLike<number>, b: ArrayLike<number>) =>
    expect(relativeError(a, b), `error of ${what}`).toBeLessThanOrEqual(TOLERANCES[kind]);
  near('the base', 'logits', half.before, whole.before);
  near('the losses', 'losses', half.losses, whole.losses);
  near('the logits after three steps', 'afterSteps', half.after, whole.after);
  expect([...half.gradients.keys()]).toEqual([...whole.gradients.keys()]);
  for (const [key, values] of half.gradients) near(key, 'gradient', values, whole.gradients.get(key) as Float32Array);
  expect(whole.losses[2]).toBeLessThan(whole.losses[0] as number);
}

interface HalvesOptions {
  /** Fewer than all, where a backend runs in software. */
  readonly bases?: readonly (keyof typeof BASES)[];
  readonly methods?: readonly string[];
  /** Of every package's methods, those to try. */
  readonly variants?: readonly string[];
}

export function describeHalves(backend: Backend, options: HalvesOptions = {}): void {
  const { bases = Object.keys(BASES) as (keyof typeof BASES)[], methods = Object.keys(METHODS) } = options;
  describeOn(backend, 'models of 16-bit numbers', () => {
    leakGuard();

    describe.for([...bases])('%s', (base) => {
      it.for(Object.keys(STORAGES) as (keyof typeof STORAGES)[])(
        'learns in %s what it learns in F32',
        async (dtype) => {
          for (const name of methods) await expectSame(base, dtype, METHODS[name] as () => Method);
        },
      );
    });

    it.for(options.variants ?? [])('%s learns over 16 bits what it learns over float32', (variant) =>
      expectSame('gpt2', 'F16', (host) => makeVariant(variant, host)),
    );

    it('takes half the memory, and what it says it takes', async () => {
      const held = async (weights?: Storage) => {
        const before = memoryMeter().bytes;
        const model = await open('llama', 'F16', weights);
        const bytes = memoryMeter().bytes - before;
        const matrices = new Set(model.sites().flatMap((site) => ('weight' in site ? [site.weight] : [])));
        const said = [...matrices].reduce((sum, weight) => sum + weight.bytes, 0);
        model.dispose();
        return { bytes, said };
      };
      const [half, whole] = [await held(f16()), await held()];
      expect(half.said).toBe(whole.said / 2);
      expect(whole.bytes - half.bytes).toBe(whole.said - half.said);
    });

    it('is merged by rounding, with a check, and unmerged to what it was', async () => {
      const model = await open('llama', 'F16', f16());
      const batch = batchFor('llama');
      const probe = () => model.logits(batch);
      const adapter = attach(model, lora({ r: 4, init: noisy }), { seed: 5 });
      tidy(() => {
        for (const { variable } of adapter.parameters) variable.assign(mul(variable, 1.1));
      });
      const before = await read(probe());
      await expect(merge(adapter, { probe, tolerance: 1e-9 })).rejects.toThrow('changes the model');
      expect(await read(probe())).toEqual(before);
      const unmerge = await merge(adapter, { probe });
      expect(relativeError(await read(probe()), before)).toBeGreaterThan(0);
      unmerge();
      expect(await read(probe())).toEqual(before);
      adapter.detach();
      model.dispose();
    });

    it('trains modules whole, in float32, beside weights of 16 bits', async () => {
      const model = await open('llama', 'F16', f16());
      const methods = [lora({ r: 2 }), modulesToSave(['lm_head', 'embed_tokens'])];
      const { losses } = await learn(model, 'llama', methods);
      expect(losses[2]).toBeLessThan(losses[0] as number);
      model.dispose();
    });
  });
}
