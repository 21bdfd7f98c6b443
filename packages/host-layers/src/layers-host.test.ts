import { random, uniform, useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { attach, merge } from '@peftjs/core';
import { lora, readLora } from '@peftjs/lora';
import { constant, train } from '@peftjs/train';
import { io, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { type LayersModel, layers, loadLayersModel, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FeedBatch, logitsLoss } from './feed-batch.ts';
import { layersHost } from './layers-host.ts';

let model: Sequential;
let before = 0;

beforeAll(async () => {
  await useBackend(cpu());
});
beforeEach(() => {
  before = memory().numTensors;
  model = classifier('softmax');
});
afterEach(() => {
  model.dispose();
  expect(memory().numTensors).toBe(before);
});

function classifier(activation: 'softmax' | 'linear'): Sequential {
  const seed = (n: number) => ({
    kernelInitializer: 'glorotUniform' as const,
    biasInitializer: 'zeros' as const,
    name: `d${n}`,
  });
  return sequential({
    name: 'toy',
    layers: [
      layers.dense({ ...seed(0), inputShape: [4], units: 8, activation: 'relu' }),
      layers.batchNormalization({ name: 'bn' }),
      layers.dropout({ name: 'drop', rate: 0.2 }),
      layers.dense({ ...seed(1), units: 2, activation }),
    ],
  });
}

/** Class 1 where the first two numbers are the larger ones. */
function rows(seed: number, n = 32): FeedBatch {
  const pixels = uniform(random(seed), 4 * n, -1, 1);
  const at = (i: number) => pixels[i] as number;
  const labels = Int32Array.from({ length: n }, (_, r) =>
    at(4 * r) + at(4 * r + 1) > at(4 * r + 2) + at(4 * r + 3) ? 1 : 0,
  );
  return { pixels, labels, shape: [n, 4] };
}

const read = (x: Tensor): number[] => {
  const values = [...x.dataSync()];
  x.dispose();
  return values;
};
const weightsOf = (of: LayersModel) => of.weights.map((weight) => [...weight.read().dataSync()]);

test('an adapter trains, the base and its statistics stay, and predict runs what is attached', async () => {
  const host = layersHost(model);
  const weights = weightsOf(model);
  const probe = rows(99, 3);
  const predict = () => {
    const x = tensor(probe.pixels as Float32Array, [3, 4]);
    const y = read(model.predict(x) as Tensor);
    x.dispose();
    return y;
  };
  const plain = predict();
  const adapter = attach(host, lora({ r: 2, targets: ['d0', 'd1'] }));
  const losses: number[] = [];
  const batches = { size: 8, get: (epoch: number, i: number) => rows(8 * epoch + i) };
  const options = { learningRate: 0.05, epochs: 8, schedule: constant };
  for await (const e of train(host, batches, options)) if (e.type === 'step') losses.push(e.loss);
  expect(losses.at(-1)).toBeLessThan(0.6 * (losses[0] as number));
  expect(weightsOf(model)).toEqual(weights);
  expect(predict()).toEqual(read(host.output(probe)));
  expect(predict()).not.toEqual(plain);
  adapter.detach();
  expect(predict()).toEqual(plain);
  host.release();
  expect(predict()).toEqual(plain);
});

test('a model trains whole, too', async () => {
  const host = layersHost(model);
  const losses: number[] = [];
  const batches = { size: 8, get: (_: number, i: number) => rows(i) };
  const options = { learningRate: 0.02, epochs: 4, schedule: constant, trainable: host.parameters() };
  for await (const e of train(host, batches, options)) if (e.type === 'step') losses.push(e.loss);
  expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number));
  host.release();
});

test('a merged model saves what it computes', async () => {
  const host = layersHost(model);
  const adapter = attach(host, lora({ r: 2, targets: ['d0'] }), { seed: 2 });
  const b = adapter.parameters.find((p) => p.key.endsWith('lora_B.weight'))?.variable;
  const noise = tensor(uniform(random(4), 16, -1, 1), [8, 2]);
  b?.assign(noise);
  noise.dispose();
  const batch = rows(5, 4);
  const adapted = read(host.output(batch));
  await merge(adapter, { probe: () => host.output(batch), final: true });
  let saved: io.ModelArtifacts | undefined;
  await model.save(
    io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  host.release();
  const again = await loadLayersModel(io.fromMemory(saved as io.ModelArtifacts));
  const x = tensor(batch.pixels as Float32Array, [4, 4]);
  const found = read(again.predict(x) as Tensor);
  x.dispose();
  for (const [i, y] of found.entries()) expect(y).toBeCloseTo(adapted[i] as number, 5);
  again.dispose();
});

test('an adapter is refused by a model with other weights', async () => {
  const host = layersHost(model);
  const adapter = attach(host, lora({ r: 2, targets: ['d0'] }));
  const { provenance, config } = await adapter.snapshot();
  expect(config.target_modules).toEqual(['d0']);
  expect(readLora().type).toBe('LORA');
  const other = classifier('softmax');
  expect(await layersHost(other).base.fingerprint()).not.toBe(provenance?.base.fingerprint);
  other.dispose();
  adapter.detach();
  host.release();
});

test('what cannot be is an error that says what to do', () => {
  const host = layersHost(model);
  expect(() => layersHost(model)).toThrow('"toy" is a host already');
  expect(() => host.output({ labels: new Int32Array(1), shape: [1, 4] })).toThrow('neither "pixels" nor "inputIds"');
  expect(() => attach(host, lora({ targets: ['d7'] }))).toThrow('no site matches "d7"; nearest: "d');
  host.release();
  layersHost(model).release();
  const flat = sequential({ name: 'flat', layers: [layers.flatten({ inputShape: [2, 2] })] });
  expect(() => layersHost(flat)).toThrow('"flat" has no layer to act on, only Flatten');
  const linear = classifier('linear');
  const without = layersHost(linear);
  expect(() => without.loss(rows(1), { training: false, seed: 0 })).toThrow('does not end in softmax');
  without.release();
  const withLoss = layersHost(linear, { loss: logitsLoss });
  expect(read(withLoss.loss(rows(1), { training: false, seed: 0 }))[0]).toBeGreaterThan(0);
  withLoss.release();
  linear.dispose();
});
