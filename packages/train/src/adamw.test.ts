import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AdamwOptions, adamw } from './adamw.ts';
import { adamw8bit } from './adamw8bit.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

/**
 * torch 2.13.0, float64, printed by:
 *   p = torch.tensor([0.5, -1.25, 2.0, 0.0], dtype=torch.float64, requires_grad=True)
 *   o = torch.optim.AdamW([p], lr=lr, betas=betas, eps=eps, weight_decay=decay)
 *   for k in range(4): p.grad = torch.sin(torch.arange(4.0, dtype=torch.float64) + k) * 10 ** (k - 2); o.step(); print(p.tolist())
 */
const TORCH: readonly { options: AdamwOptions; learningRate: number; values: readonly (readonly number[])[] }[] = [
  {
    options: {},
    learningRate: 0.1,
    values: [
      [0.4995, -1.348749881, 1.89800011, -0.099999291],
      [0.42458683, -1.427669844, 1.797259857, -0.026747152],
      [0.35525455, -1.51357914, 1.85763491, 0.041410572],
      [0.275448901, -1.45555457, 1.91771591, 0.114478094],
    ],
  },
  {
    options: { beta1: 0.8, beta2: 0.95, eps: 0.001, weightDecay: 0.5 },
    learningRate: 0.02,
    values: [
      [0.495, -1.255375665, 1.961981576, -0.011705375],
      [0.47478746, -1.259169, 1.923988825, 0.003416698],
      [0.455258432, -1.264588075, 1.918246466, 0.018018249],
      [0.433576304, -1.239201335, 1.912875176, 0.033807393],
    ],
  },
  {
    options: { weightDecay: 0 },
    learningRate: 0.1,
    values: [
      [0.5, -1.349999881, 1.90000011, -0.099999291],
      [0.42558633, -1.430268594, 1.801157857, -0.026847151],
      [0.356678636, -1.51760556, 1.863330169, 0.041283825],
      [0.277228242, -1.461094569, 1.925268805, 0.114392758],
    ],
  },
];

describe.each(TORCH)('$options at $learningRate', ({ options, learningRate, values }) => {
  test('gives the numbers of torch', () => {
    tidy(() => {
      const optimizer = adamw(options);
      let value: Tensor = tensor1d([0.5, -1.25, 2, 0]);
      let slots = optimizer.slots([4]);
      for (const [k, expected] of values.entries()) {
        const gradient = tensor1d([0, 1, 2, 3].map((i) => Math.sin(i + k) * 10 ** (k - 2)));
        ({ value, slots } = optimizer.update({ value, gradient, slots, learningRate, step: k + 1, gradientScale: 1 }));
        for (const [i, v] of value.dataSync().entries()) expect(v).toBeCloseTo(expected[i] as number, 5);
      }
    });
  });

  test('takes a factor of the gradient', () => {
    tidy(() => {
      const optimizer = adamw(options);
      const step = (size: number, gradientScale: number) => {
        const [value, gradient] = [tensor1d([0.5, -1]), tensor1d([0.25 * size, -2 * size])];
        const args = { value, gradient, slots: optimizer.slots([2]), learningRate, step: 1, gradientScale };
        const { value: after, slots } = optimizer.update(args);
        return [after, slots.m as Tensor, slots.v as Tensor].map((t) => [...t.dataSync()]);
      };
      expect(step(8, 0.125)).toEqual(step(1, 1));
    });
  });
});

test('says what a resumed run must be given again', () => {
  expect(adamw({ weightDecay: 0 })).toMatchObject({
    name: 'adamw',
    options: { beta1: 0.9, beta2: 0.999, weightDecay: 0 },
  });
});

test.each<[AdamwOptions, string]>([
  [{ beta1: 2 }, 'beta1 is 2; give a number from 0 up to, and not, 1'],
  [{ beta2: 1 }, 'beta2 is 1; give a number from 0 up to, and not, 1'],
  [{ eps: 0 }, 'eps is 0; give a number above 0'],
  [{ weightDecay: Number.NaN }, 'weightDecay is NaN; give a number of 0 or more'],
])('refuses %o', (options, message) => {
  for (const optimizer of [adamw, adamw8bit]) expect(() => optimizer(options)).toThrow(message);
});
