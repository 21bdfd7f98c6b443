import { type AdapterSnapshot, modulesToSave } from '@peftjs/core';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../../../core/test/with-host.ts';
import { LAYERS, UP, withModel } from '../../test/on-model.ts';
import { snapshot, tensorOf } from '../../test/snapshots.ts';
import { biases } from '../biases.ts';
import { weightsOf } from '../extract/base-weight.ts';
import { noisy } from '../initializers.ts';
import { lora } from '../lora.ts';
import { loraWithBias } from '../lora-with-bias.ts';
import { combine } from './combine.ts';
import { linear, ties } from './rules.ts';

const bench = withModel();
const UP_BIAS = `base_model.model.${UP}.base_layer.bias`;

describe("B's bias", () => {
  test('adds up, and is zero where an adapter has none', async () => {
    const adapter = await bench.trained(loraWithBias({ r: 2, targets: ['up_proj'], init: noisy }), 4);
    const other = snapshot(2, LAYERS.slice(1, 2));
    const expected = await bench.outputWith(adapter);
    const { result } = await bench.combined(
      [
        { adapter, weight: 1 },
        { adapter: other, weight: 0 },
      ],
      linear(),
    );
    expect(result.config).toMatchObject({ lora_bias: true });
    expect([...tensorOf(result, 'model.layers.1.mlp.down_proj.lora_B.bias').data]).toEqual([0, 0, 0, 0]);
    expectClose(await bench.outputWith(result), expected, 1e-5);
    const [twice] = (await combine([{ adapter, weight: 2 }], ties({ density: 1 }))).tensors.filter(({ key }) =>
      key.endsWith('bias'),
    );
    const own = tensorOf(adapter, `${UP}.lora_B.bias`).data;
    expectClose(
      [...(twice?.data ?? [])],
      [...own].map((v) => 2 * 2 * v),
      1e-5,
    ); // scale 2, weight 2
  });
});

describe('what is trained whole', () => {
  const withHead = (seed: number) =>
    bench.trained([lora({ r: 2, targets: ['down_proj'] }), modulesToSave(['lm_head', 'norm'])], seed);
  const withBias = (seed: number) =>
    bench.trained([lora({ r: 2, targets: ['up_proj'], bias: 'lora_only' }), biases()], seed);

  test('is the weighted mean where the weights add up to 1, without the base', async () => {
    const [p, q] = [await withHead(5), await withHead(6)];
    const { result } = await bench.combined(
      [
        { adapter: p, weight: 0.25 },
        { adapter: q, weight: 0.75 },
      ],
      linear(),
    );
    const [x, y] = [p, q].map((one) => tensorOf(one, 'lm_head.weight').data);
    const expected = [...(x as Float32Array)].map((v, k) => 0.25 * v + 0.75 * (y?.[k] as number));
    expectClose([...tensorOf(result, 'lm_head.weight').data], expected, 1e-6);
    expect(result.config.modules_to_save).toEqual(['lm_head', 'norm']);
  });

  test('counts from the base otherwise, for an adapter that left it alone too', async () => {
    const adapter = await withHead(5);
    const half = [
      { adapter, weight: 0.5 },
      { adapter: snapshot(1, LAYERS.slice(0, 1)), weight: 0.5 },
    ];
    await expect(combine(half, linear())).rejects.toThrow(
      `the base's own "model.norm.weight" counts in this combination; give weightOf`,
    );
    for (const rule of [linear(), ties({ density: 1 })]) {
      const { result } = await bench.combined(half, rule, bench.base());
      for (const name of ['lm_head.weight', 'model.norm.weight']) {
        const { values } = await weightsOf(bench.host)(name.replace('.weight', ''));
        const expected = [...tensorOf(adapter, name).data].map((v, k) => (v + (values[k] as number)) / 2);
        expectClose([...tensorOf(result, name).data], expected, 1e-6);
      }
    }
  });

  test('biases are those of the base layer where the combination has a target, and plain elsewhere', async () => {
    const all = await withBias(7);
    const other = await bench.trained(lora({ r: 1, targets: ['layers.1.mlp.up_proj'] }), 8);
    const { result } = await bench.combined(
      [
        { adapter: all, weight: 1 },
        { adapter: other, weight: 0 },
      ],
      linear(),
    );
    expect(result.config.bias).toBe('all');
    const bias = (adapter: AdapterSnapshot) => adapter.tensors.filter(({ key }) => key.endsWith('.bias'));
    expect(bias(result).map(({ key }) => key)).toEqual(bias(all).map(({ key }) => key));
    expectClose(await bench.outputWith(result), await bench.outputWith(all), 1e-5);
  });

  test("a target whose bias one adapter trained and another did not takes the base's part", async () => {
    const adapter = await bench.trained(lora({ r: 2, targets: ['layers.0.mlp.up_proj'], bias: 'lora_only' }), 9);
    const other = await bench.trained(lora({ r: 2, targets: ['layers.1.mlp.up_proj'] }), 10);
    const parts = [
      { adapter, weight: 1 },
      { adapter: other, weight: 0 },
    ];
    await expect(combine(parts, linear())).rejects.toThrow('the base\'s own "model.layers.1.mlp.up_proj.bias" counts');
    const { result, output } = await bench.combined(parts, linear(), bench.base());
    expect(result.config.bias).toBe('lora_only');
    expect([...(result.tensors.find(({ key }) => key === UP_BIAS)?.data ?? [])]).toEqual([
      ...tensorOf(adapter, `${UP}.base_layer.bias`).data,
    ]);
    expectClose(output, await bench.outputWith(adapter), 1e-5);
  });
});
