// LoftQ where no numbers are there at once: were one asked for so, the console would say it, which fails a test.
import { webgpu } from '@peftjs/backend-webgpu';
import { attach, type LinearSite, restore } from '@peftjs/core';
import { f16, gridStorage, nf4 } from '@peftjs/quantization';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type TinyHost, tinyHost } from '../../core/test/tiny-host.ts';
import { loftq } from './loftq.ts';
import { lora } from './lora.ts';
import { readLora } from './read-lora.ts';

const path = 'model.layers.0.mlp.down_proj';
const [r, alpha] = [2, 3];
const targets = [path.slice('model.'.length)];

async function numbersOf(read: Tensor): Promise<Float32Array> {
  const values = (await read.data()) as Float32Array;
  read.dispose();
  return values.slice();
}

const weightOf = (host: TinyHost) => numbersOf(host.site(path).weight.read());

/** |W - (Q + s B A)| */
function errorOf({ outDim, inDim }: LinearSite, w: Float32Array, q: Float32Array, a: Float32Array, b: Float32Array) {
  let sum = 0;
  for (let o = 0; o < outDim; o++)
    for (let i = 0; i < inDim; i++) {
      const change = [0, 1].reduce((n, k) => n + (b[o * r + k] as number) * (a[k * inDim + i] as number), 0);
      sum += ((w[o * inDim + i] as number) - (q[o * inDim + i] as number) - (alpha / r) * change) ** 2;
    }
  return Math.sqrt(sum);
}

describeOn(webgpu(), 'LoftQ', () => {
  leakGuard();

  it.each([
    ['nf4', nf4()],
    ["QAT's grid of 3 bits", gridStorage({ bits: 3 })],
  ])('starts from what %s loses once the weight has been read, and is restored so', async (_, storage) => {
    const host = tinyHost();
    const site = host.site(path);
    const half = f16()(await weightOf(host), site.outDim, site.inDim);
    const undo = host.setWeight(site, half);
    const whole = await weightOf(host);
    const init = loftq(storage, { iterations: 2 });
    const prepared = await init.prepare(host, { modules: targets });
    const adapter = attach(host, lora({ r, alpha, targets, init: prepared }));
    const [a, b] = (await Promise.all(adapter.parameters.map(({ variable }) => variable.data()))) as Float32Array[];
    const started = await weightOf(host);
    const none = new Float32Array(r * Math.max(site.outDim, site.inDim));
    const alone = errorOf(site, whole, storage.rounded?.(whole, site.outDim, site.inDim) as Float32Array, none, none);
    expect(errorOf(site, whole, started, a as Float32Array, b as Float32Array)).toBeLessThan(0.95 * alone);
    const saved = await adapter.snapshot();
    adapter.detach();
    expect(await weightOf(host)).toEqual(whole);
    const again = await restore(host, saved, [readLora(init)]);
    expect(await weightOf(host)).toEqual(started);
    again.detach();
    undo();
    half.dispose();
    host.dispose();
  });
});
