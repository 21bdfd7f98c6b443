import { attach, route } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { expect, test } from 'vitest';
import { expectNear, guardTensors } from '../../test/tiny-llama.ts';
import { IMAGES, make, valuesOf } from '../../test/tiny-models.ts';
import { vitClassifier } from '../index.ts';

guardTensors();
const open = () => make(vitClassifier({ labels: 3 }));

test('classifies images as it classifies each alone, and routes them', async () => {
  const model = await open();
  const [, ...size] = IMAGES.shape;
  const both = valuesOf(model.logits(IMAGES));
  const each = IMAGES.pixels.length / 2;
  const one = (k: number) => ({ pixels: IMAGES.pixels.slice(k * each, (k + 1) * each), shape: [1, ...size] as const });
  expectNear(both, [...valuesOf(model.logits(one(0))), ...valuesOf(model.logits(one(1)))]);

  const adapter = attach(model, lora({ r: 2, init: noisy, targets: ['embed', 'attn.v'] }), { seed: 2 });
  const adapted = valuesOf(model.logits(IMAGES));
  const routes = [route(adapter), route()];
  const mixed = valuesOf(model.logits(IMAGES, { training: false, seed: 0, routes }));
  expectNear(mixed, [...adapted.slice(0, 3), ...both.slice(3)]);
  expect(adapted).not.toEqual(both);
  adapter.detach();
  expect(model.count(IMAGES)).toEqual({ targets: 2, tokens: 2 });
  model.dispose();
});

test('refuses images of another size', async () => {
  const model = await open();
  expect(() => model.logits({ pixels: new Float32Array(96), shape: [2, 4, 6, 2] })).toThrow(
    '[peftjs/models] the images are [4,6,2], rows, columns and channels; the model takes [6,4,2]',
  );
  expect(() => model.logits({ pixels: new Float32Array(90), shape: [2, 6, 4, 2] })).toThrow(
    'the batch has 90 pixels; [2,6,4,2] is 96',
  );
  model.dispose();
});
