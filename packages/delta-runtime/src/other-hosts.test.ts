// Hosts that came from no file: a LayersModel, and functions of one's own. Their base is read from what they hold.
import { memoryFolder } from '@peftjs/checkpoint';
import { attach, type Host } from '@peftjs/core';
import { layersHost } from '@peftjs/host-layers';
import { lora, noisy } from '@peftjs/lora';
import { defineHost } from '@peftjs/models';
import { int8 } from '@peftjs/quantization';
import { type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';
import { memory, type Tensor, tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { layers, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { guardTensors } from '../../models/test/tiny-llama.ts';
import { valuesOf } from '../../models/test/tiny-models.ts';
import { deltaOf, moved, numbersOf, variantOf } from '../test/variants-of.ts';
import { loadDelta } from './load-delta.ts';

guardTensors();

/** A folder of what a host holds now. */
function folderOf(host: Host, location: string) {
  const numbers = numbersOf(host);
  const tensors = (host.stored?.() ?? []).map(
    ({ name, shape }): TensorToWrite => ({ name, dtype: 'F32', shape, data: numbers[name] as Float32Array }),
  );
  return memoryFolder([['model.safetensors', writeSafetensors(tensors)]], location);
}

const x = () => tensor2d([1, 2, 3, -1, 0.5, 2], [2, 3]);

async function expectThereAndBack(host: Host, run: () => Float32Array): Promise<void> {
  const base = folderOf(host, 'base');
  const [a, b] = [await variantOf(base, 'a', moved(1)), await variantOf(base, 'b', moved(2))];
  const [numbers, output] = [numbersOf(host), run()];
  const onA = await loadDelta(host, await deltaOf(base, a));
  const onB = await loadDelta(host, await deltaOf(base, b));
  onA.apply();
  const [numbersA, outputA] = [numbersOf(host), run()];
  expect(folderOf(host, 'a').files).toEqual(a.files);
  expect(outputA).not.toEqual(output);
  onB.apply();
  expect(folderOf(host, 'b').files).toEqual(b.files);
  const adapter = attach(host, lora({ r: 2, init: noisy, targets: ['last'] }), { seed: 2 });
  onA.apply();
  adapter.detach();
  expect([numbersOf(host), run()]).toEqual([numbersA, outputA]);
  onA.takeOff();
  expect([numbersOf(host), run()]).toEqual([numbers, output]);
  onA.dispose();
  onB.dispose();
}

test('a LayersModel', async () => {
  const model: Sequential = sequential({
    name: 'toy',
    layers: [
      layers.dense({ name: 'first', inputShape: [3], units: 4, activation: 'relu' }),
      layers.batchNormalization({ name: 'norm' }),
      layers.dense({ name: 'last', units: 2, activation: 'softmax' }),
    ],
  });
  const host = layersHost(model);
  const predict = () => {
    const input = x();
    const values = valuesOf(model.predict(input) as Tensor);
    input.dispose();
    return values;
  };
  await expectThereAndBack(host, predict);
  host.release();
  model.dispose();
});

test('functions, one of them over few bits', async () => {
  const before = memory().numTensors;
  const { host, site } = defineHost('own');
  const [w, b] = [
    tensor(
      Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
      [4, 3],
    ),
    tensor([1, 2, 3, 4]),
  ];
  const first = site.linear('first', w, b);
  const last = site.linear(
    'last',
    int8()(
      Float32Array.from({ length: 8 }, (_, i) => Math.cos(i)),
      2,
      4,
    ),
  );
  w.dispose();
  b.dispose();
  const run = () => valuesOf(tidy(() => last(first(x()))));
  const base = folderOf(host, 'base');
  const float = (tensor: TensorToWrite & { readonly data: Float32Array }) =>
    tensor.name === 'last.weight' ? [tensor] : moved(3)(tensor, 0);
  const tuned = await variantOf(base, 'tuned', float);
  const output = run();
  const delta = await loadDelta(host, await deltaOf(base, tuned));
  delta.apply();
  expect(folderOf(host, 'tuned').files).toEqual(tuned.files);
  delta.dispose();
  expect(run()).toEqual(output);
  host.dispose();
  expect(memory().numTensors).toBe(before);
});
