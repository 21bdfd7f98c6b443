import { attach, restore } from '@peftjs/core';
import { add, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { DIM, WIDE } from '../../core/test/tiny-host.ts';
import { withHost } from '../../core/test/with-host.ts';
import { readVera } from './read-vera.ts';
import { type VeraOptions, vera } from './vera.ts';

const bench = withHost();
const targets = ['up_proj', 'down_proj'];

describe('the projections', () => {
  test('are as wide as the widest layers, frozen, and the same for all', () => {
    const adapter = attach(bench.host, vera({ r: 3, targets }));
    const widest = Math.max(DIM, WIDE);
    const shapes = adapter.parameters.filter((p) => !p.trainable).map((p) => [p.key, p.variable.shape]);
    expect(shapes).toEqual([
      ['base_model.vera_A', [3, widest]],
      ['base_model.vera_B', [widest, 3]],
    ]);
    expect(new Set(adapter.attachments.map(({ shared }) => shared.a)).size).toBe(1);
    adapter.detach();
  });

  test('are uniform within sqrt(6 / columns), and follow their seed, not that of the adapter', () => {
    const drawn = (options: Partial<VeraOptions>, seed: number) => {
      const adapter = attach(bench.host, vera({ r: 4, targets, ...options }), { seed });
      const [{ shared }] = adapter.attachments as unknown as [{ shared: Record<'a' | 'b', Tensor> }];
      const { a, b } = shared;
      const found = [[...a.dataSync()], [...b.dataSync()]] as const;
      adapter.detach();
      return found;
    };
    const [a, b] = drawn({}, 1);
    const most = (values: readonly number[]) => Math.max(...values.map(Math.abs));
    expect(most(a)).toBeLessThanOrEqual(Math.sqrt(6 / Math.max(DIM, WIDE)));
    expect(most(b)).toBeLessThanOrEqual(Math.sqrt(6 / 4));
    expect(most(b)).toBeGreaterThan(0.8 * Math.sqrt(6 / 4));
    expect(drawn({}, 2)).toEqual([a, b]);
    expect(drawn({ projection: 1 }, 1)).not.toEqual([a, b]);
  });

  test('are drawn again where the files leave them out', async () => {
    const adapter = attach(bench.host, vera({ r: 4, projection: 5, saveProjection: false, targets }));
    tidy(() => {
      for (const { variable, trainable } of adapter.parameters) if (trainable) variable.assign(add(variable, 0.3));
    });
    const before = bench.output();
    const snapshot = await adapter.snapshot();
    adapter.detach();
    expect(snapshot.tensors.map(({ key }) => key).filter((key) => !key.includes('vera_lambda'))).toEqual([]);
    const again = await restore(bench.host, snapshot, [readVera()], { seed: 9 });
    expect(bench.output()).toEqual(before);
    again.detach();
  });
});

test('PEFT knows no modules to leave out: those that are left are named', async () => {
  const adapter = attach(bench.host, vera({ r: 2, targets, exclude: ['layers.0.mlp.up_proj', 'down_proj'] }));
  const { config } = await adapter.snapshot();
  expect(config.target_modules).toEqual(['model.layers.1.mlp.up_proj']);
  expect(config).not.toHaveProperty('exclude_modules');
  adapter.detach();
});

describe('what cannot be is an error that says what to do', () => {
  test.each<[object, string]>([
    [{ r: 0 }, '[peftjs/lora] the rank is 0; give a whole number above 0'],
    [{ r: 1.5 }, 'the rank is 1.5'],
    [{ dropout: 1 }, 'dropout is 1; give a share from 0 to below 1'],
  ])('%o', (options, message) => {
    expect(() => vera({ targets, ...options })).toThrow(message);
  });

  test.each<[object, string]>([
    [{ lora_alpha: 8 }, 'asks for "lora_alpha", which is not supported'],
    [{ bias: 'all' }, 'has bias "all"; nearest: "none"'],
    [{ r: '4' }, 'has r "4"; a number is needed'],
  ])('in a file: %o', (more, message) => {
    expect(() => readVera().read({ peft_type: 'VERA', target_modules: targets, ...more })).toThrow(message);
  });
});
