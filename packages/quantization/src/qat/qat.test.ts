import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { attach, type Host, merge, modulesToSave, readModulesToSave, restore } from '@peftjs/core';
import { alora, lora, noisy, pissa, readLora } from '@peftjs/lora';
import { type HostCase, leakGuard } from '@peftjs/testing/suites';
import { tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyLlama } from '../../../testing/test/tiny-llama.ts';
import { roundToGrid } from './grid.ts';
import { type QatSpec, qat } from './qat.ts';
import { readQat } from './read-qat.ts';

const [training, inference] = [true, false].map((on) => ({ training: on, seed: 1 }));
const targets = ['q_proj', 'down_proj'];
const spec: QatSpec = { bits: 4, group: 4, over: 'merged' };

let one: HostCase;
beforeAll(async () => {
  await useBackend(cpu());
  one = await tinyLlama();
});
afterAll(() => one.dispose());
leakGuard();

const output = (ctx = inference) => tidy(() => [...one.output(ctx as NonNullable<typeof ctx>).dataSync()]);
const matrixOf = (host: Host, name: string) => {
  const site = host.sites().find(({ path, kind }) => kind === 'linear' && path.endsWith(name));
  if (site?.kind !== 'linear') throw new Error(name);
  return site.weight.read();
};

describe('what is merged', () => {
  it('is what was trained, and on the grid', async () => {
    const adapter = attach(one.host, qat(lora({ r: 3, targets, init: noisy }), spec));
    const [trained, evaluated] = [output(training), output()];
    const unmerge = await merge(adapter);
    const merged = output();
    expect(evaluated).toEqual(trained);
    expect(merged).toEqual(trained);
    tidy(() => {
      const weight = matrixOf(one.host, 'q_proj');
      const again = roundToGrid(weight, spec).dataSync();
      for (const [i, v] of weight.dataSync().entries()) expect(again[i]).toBeCloseTo(v, 6);
    });
    unmerge();
    adapter.detach();
  });

  it('has activations in float32 again, as the probe shows', async () => {
    const method = qat(lora({ r: 3, targets, init: noisy }), { ...spec, activations: { bits: 8 } });
    const adapter = attach(one.host, method);
    await expect(merge(adapter, { probe: () => one.output({ training: false, seed: 1 }) })).rejects.toThrow(
      "changes the model's output",
    );
    adapter.detach();
  });
});

it('of a base alone keeps the adapter apart: the weight is rounded, what is added is not', async () => {
  const adapter = attach(one.host, qat(lora({ r: 3, targets: ['q_proj'], init: noisy }), { ...spec, over: 'base' }));
  const plain = tidy(() => [...matrixOf(one.host, 'q_proj').dataSync()]);
  const wanted = tidy(() => roundToGrid(matrixOf(one.host, 'q_proj'), spec).dataSync().slice());
  await merge(adapter);
  const merged = tidy(() => matrixOf(one.host, 'q_proj').dataSync().slice());
  const [a, b] = [...(adapter.parameters.map(({ variable }) => variable.arraySync()) as number[][][])];
  for (const [o, row] of (b as number[][]).entries())
    for (let i = 0; i < 16; i++) {
      const change = 2 * row.reduce((sum, v, k) => sum + v * (a?.[k]?.[i] as number), 0);
      expect(merged[16 * o + i]).toBeCloseTo((wanted[16 * o + i] as number) + change, 5);
    }
  adapter.detach();
  expect(tidy(() => [...matrixOf(one.host, 'q_proj').dataSync()])).toEqual(plain);
});

it('starts with what a method takes out of the weight', () => {
  const adapter = attach(one.host, qat(lora({ r: 4, targets, init: pissa }), { ...spec, bits: 8, group: 2 }));
  const found = output();
  adapter.detach();
  const plain = output();
  expect(found).not.toEqual(plain);
  for (const [i, v] of plain.entries()) expect(Math.abs((found[i] as number) - v)).toBeLessThan(0.1);
});

it('rounds each token to a step of its own', () => {
  const fine = attach(one.host, qat(modulesToSave(targets), { ...spec, bits: 8 }), { name: 'fine' });
  const [wanted] = [output()];
  fine.detach();
  const errors = [8, 4].map((bits) => {
    const method = qat(modulesToSave(targets), { ...spec, bits: 8, activations: { bits } });
    const adapter = attach(one.host, method);
    const found = output();
    adapter.detach();
    return Math.max(...found.map((v, i) => Math.abs(v - (wanted?.[i] as number))));
  });
  expect(errors[0]).toBeGreaterThan(0);
  expect(errors[1]).toBeGreaterThan(3 * (errors[0] as number));
});

describe('an adapter folder', () => {
  it("is the method's own, to be read with and without", async () => {
    const adapter = attach(one.host, [qat(lora({ r: 2, targets, init: noisy }), spec), modulesToSave(['lm_head'])]);
    const [saved, rounded] = [await adapter.snapshot(), output()];
    adapter.detach();
    const plain = await restore(one.host, saved, [readLora()]);
    expect(output()).not.toEqual(rounded);
    plain.detach();
    const again = await restore(one.host, saved, [readQat(readLora(), spec)]);
    expect(output()).toEqual(rounded);
    again.detach();
  });

  it('has learned steps beside, which only a reader that knows them takes', async () => {
    const learned: QatSpec = { ...spec, steps: 'learned' };
    const adapter = attach(one.host, qat(modulesToSave(['q_proj']), learned));
    const saved = await adapter.snapshot();
    adapter.detach();
    expect(saved.tensors.filter(({ key }) => key.endsWith('.q_proj.qat_step')).map((t) => t.shape)).toEqual([
      [16, 4],
      [16, 4],
    ]);
    await expect(restore(one.host, saved, [readModulesToSave()])).rejects.toThrow('nothing in the model takes');
    (await restore(one.host, saved, [readQat(readModulesToSave(), learned)])).detach();
  });
});

describe('refuses', () => {
  it.each([
    [{ bits: 1 }, 'bits is 1; 2 to 8 is possible'],
    [{ bits: 4.5 }, 'bits is 4.5'],
    [{ over: undefined as never }, "over is undefined; say what is rounded, 'base' or 'merged'"],
    [{ group: 0 }, 'group is 0; give a whole number above 0'],
    [{ activations: { bits: 9 } }, 'bits is 9'],
    [{ steps: 'learned', symmetric: false }, 'learned steps are those of a symmetric grid'],
  ] as const)('%o', (more, message) => {
    expect(() => qat(lora(), { ...spec, ...more })).toThrow(`[peftjs/quantization] ${message}`);
  });

  it('groups that do not divide a layer, by name', () => {
    expect(() => attach(one.host, qat(lora({ r: 2, targets }), { ...spec, group: 16 }))).toThrow(
      '"model.layers.0.mlp.down_proj": groups of 16 do not divide its 20 inputs; take another group',
    );
  });

  it('a method that cannot be merged', () => {
    expect(() => qat(alora({ invocation: [3] }), spec)).toThrow('LORA cannot be merged into linear layers');
  });

  it('dropout of an input that there is not', () => {
    const adapter = attach(one.host, qat(lora({ r: 2, targets, dropout: 0.1 }), spec));
    expect(() => output(training)).toThrow('q_proj" drops a share of the adapter\'s own input');
    expect(output()).toHaveLength(output().length);
    adapter.detach();
  });
});
