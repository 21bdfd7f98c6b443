// Merging into stored weights without saying how far the output may change.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type Adapter, attach, type Method, merge, type Storage, storeWeights } from '@peftjs/core';
import { lora, noisy, qalora } from '@peftjs/lora';
import { defineHost } from '@peftjs/models';
import { leakGuard } from '@peftjs/testing/suites';
import { dispose, mul, tanh, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { nf4 } from './four-bit.ts';
import { bf16, f16 } from './half.ts';
import { int4, int8 } from './integers.ts';

beforeAll(async () => {
  await useBackend(cpu());
});
leakGuard();

const sines = (o: number, i: number, seed: number) =>
  tensor2d(
    Float32Array.from({ length: o * i }, (_, k) => Math.sin(seed * k * k + k)),
    [o, i],
  );

/** A model of two layers in a storage, an adapter on both, and what the model says. */
async function over(storage: Storage, method: Method = lora({ r: 2, init: noisy, targets: ['up', 'down'] })) {
  const { host, site } = defineHost('two layers');
  const values = [sines(64, 64, 1), sines(32, 64, 2)] as const;
  const [up, down] = [site.linear('up', values[0]), site.linear('down', values[1])];
  dispose([...values]);
  await storeWeights(host, storage, { targets: { modules: ['up', 'down'] }, final: true });
  const probe = () => tidy(() => down(tanh(mul(up(sines(3, 64, 3)), 0.1))));
  return { adapter: attach(host, method, { seed: 1 }), probe, dispose: () => host.dispose() };
}

/** An adapter that says one thing and folds another. */
function liar(): Method {
  const honest = lora({ r: 2, alpha: 2, init: noisy, targets: ['up', 'down'] });
  const { linear } = honest.on;
  const fold: NonNullable<typeof linear>['fold'] = (state) => {
    const folded = linear?.fold?.(state);
    if (!folded) throw new Error('LoRA folds');
    return { ...folded, weight: mul(folded.weight, 1.1) };
  };
  return { ...honest, on: { linear: { ...(linear as NonNullable<typeof linear>), fold } } };
}

const mergeInto = (adapter: Adapter, probe: () => ReturnType<typeof tanh>) => merge(adapter, { probe, final: true });

describe.each([
  ['f16', f16()],
  ['bf16', bf16()],
  ['int8', int8()],
  ['int8 in groups', int8({ group: 32 })],
])('%s', (_, storage) => {
  it('takes a merge, and says by how much the output changed', async () => {
    const { adapter, probe, dispose } = await over(storage);
    const { change } = await mergeInto(adapter, probe);
    expect(change).toBeGreaterThan(0);
    dispose();
  });

  it('refuses a change that its rounding does not explain', async () => {
    const { adapter, probe, dispose } = await over(storage, liar());
    await expect(mergeInto(adapter, probe)).rejects.toThrow(/over the tolerance of 0\.\d+; nothing was merged/);
    adapter.detach();
    dispose();
  });

  it('keeps to a tolerance that is given', async () => {
    const { adapter, probe, dispose } = await over(storage);
    await expect(merge(adapter, { probe, tolerance: 1e-6 })).rejects.toThrow('over the tolerance of 0.000001;');
    adapter.detach();
    dispose();
  });
});

it.each([
  ['int4', int4({ group: 32 })],
  ['nf4', nf4()],
])('%s refuses, and says what to do instead', async (_, storage) => {
  const { adapter, probe, dispose } = await over(storage);
  await expect(mergeInto(adapter, probe)).rejects.toThrow(
    /over the tolerance of 0\.0001; nothing was merged. .+Keep the adapter apart.+qalora\(\).+loftq\(\)/,
  );
  adapter.detach();
  dispose();
});

it.each([
  ['int8', int8()],
  ['nf4', nf4()],
  ['bf16', bf16()],
])('%s refuses what is smaller than its own steps, and would be gone', async (_, storage) => {
  const { adapter, probe, dispose } = await over(storage, lora({ r: 2, alpha: 0.02, init: noisy, targets: ['up'] }));
  const { change } = await merge(adapter, { probe, tolerance: Number.POSITIVE_INFINITY, final: true });
  expect(change).toBeGreaterThan(0);
  dispose();
  const again = await over(storage, lora({ r: 2, alpha: 0.02, init: noisy, targets: ['up'] }));
  await expect(mergeInto(again.adapter, again.probe)).rejects.toThrow(/over the tolerance of 0\.0001/);
  again.adapter.detach();
  again.dispose();
});

it('what int4 can say exactly is merged into it', async () => {
  const storage = int4({ group: 32, asymmetric: true });
  const { adapter, probe, dispose } = await over(storage, qalora({ r: 2, group: 32, init: noisy, targets: ['up'] }));
  const { change } = await mergeInto(adapter, probe);
  expect(change).toBeLessThan(1e-4);
  dispose();
});
