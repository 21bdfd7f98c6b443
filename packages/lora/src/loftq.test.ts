import { attach, type LinearSite, restore } from '@peftjs/core';
import { add, matMul, memory, mul, norm, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { coarse, coarseRows } from '../../core/test/coarse.ts';
import { withHost } from '../../core/test/with-host.ts';
import { type LoftqOptions, loftq } from './loftq.ts';
import { lora } from './lora.ts';
import { readLora } from './read-lora.ts';

const bench = withHost();
const targets = ['layers.0.mlp.down_proj'];
const storage = coarseRows(2);
const alpha = 3;
const start = (options?: LoftqOptions, r = 2) => lora({ r, alpha, targets, init: loftq(storage, options) });
const siteOf = () => bench.host.site('model.layers.0.mlp.down_proj');
const valuesOf = (site: LinearSite) => tidy(() => [...site.weight.read().dataSync()]);

/** |W - (Q + s B A)| */
function errorOf(options: LoftqOptions | undefined, r: number): number {
  const site = siteOf();
  const whole = site.weight.read();
  const adapter = attach(bench.host, start(options, r));
  const error = tidy(() => {
    const [a, b] = adapter.parameters.map((p) => p.variable as Tensor) as [Tensor, Tensor];
    return norm(sub(whole, add(site.weight.read(), mul(matMul(b, a), alpha / r)))).dataSync()[0] as number;
  });
  adapter.detach();
  whole.dispose();
  return error;
}

/** |W - Q| of a weight that is stored and nothing more. */
function lossOf(): number {
  const { weight, outDim, inDim } = siteOf();
  return tidy(() => {
    const whole = weight.read();
    const stored = storage(whole.dataSync<'float32'>(), outDim, inDim);
    const lost = norm(sub(whole, stored.read())).dataSync()[0] as number;
    stored.dispose();
    return lost;
  });
}

test('is nearer the weight than the storage alone, the nearer the higher its rank', () => {
  const errors = [1, 2, 3].map((r) => errorOf(undefined, r));
  const all = [lossOf(), ...errors];
  for (const [i, error] of errors.entries()) expect(error).toBeLessThan((all[i] as number) * 0.95);
});

test('comes nearer in turns', () => {
  const [once, often] = [1, 5].map((iterations) => errorOf({ iterations }, 2)) as [number, number];
  expect(often).toBeLessThan(once * 0.95);
});

test('leaves the weight in the storage, and gives it back', () => {
  const [plain, weight, tensors] = [bench.output(), siteOf().weight, memory().numTensors];
  const adapter = attach(bench.host, start());
  expect(siteOf().weight.bytes).toBe(24);
  const read = siteOf().weight.read();
  const again = siteOf().weight.encode(read);
  read.dispose();
  expect(tidy(() => [...again.read().dataSync()])).toEqual(valuesOf(siteOf()));
  again.dispose();
  adapter.detach();
  expect(siteOf().weight).toBe(weight);
  expect(bench.output()).toEqual(plain);
  expect(memory().numTensors).toBe(tensors);
});

test('is read with the storage that it was made with', async () => {
  const { host } = bench;
  const adapter = attach(host, start({ iterations: 3 }), { seed: 1 });
  const [saved, output] = [await adapter.snapshot(), bench.output()];
  adapter.detach();
  expect(saved.config).toMatchObject({ init_lora_weights: 'loftq', loftq_config: { loftq_bits: 4, loftq_iter: 3 } });
  const again = await restore(host, saved, [readLora(loftq(storage, { iterations: 3 }))]);
  expect(bench.output()).toEqual(output);
  again.detach();
  await expect(restore(host, saved, [readLora()])).rejects.toThrow('init_lora_weights "loftq"; read it with readLora');
  await expect(restore(host, saved, [readLora(loftq(storage))])).rejects.toThrow(
    'has loftq_config {"loftq_bits":4,"loftq_iter":3}; the initializer given to readLora(…) says {"loftq_bits":4,"loftq_iter":1}',
  );
});

describe('refuses', () => {
  test('a storage that loses nothing', () => {
    const { host } = bench;
    const plain = bench.output();
    const site = siteOf();
    const stored = coarse(0.25)(Float32Array.from(valuesOf(site)), site.outDim, site.inDim);
    const undo = host.setWeight(site, stored);
    expect(() => attach(host, lora({ r: 2, targets, init: loftq(coarse(0.25)) }))).toThrow(
      '[peftjs/lora] the weight of "model.layers.0.mlp.down_proj" loses nothing in this storage',
    );
    undo();
    stored.dispose();
    expect(bench.output()).toEqual(plain);
  });

  test('no iterations', () => {
    expect(() => loftq(storage, { iterations: 0 })).toThrow(
      '[peftjs/lora] iterations is 0; give a whole number above 0',
    );
  });
});
