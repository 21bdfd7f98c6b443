import { recompute, valueAndGrads } from '@peftjs/backend';
import { ones, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { low } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import { dropout } from './dropout.ts';

const bench = withHost();

const dropped = (rate: number, ...seed: number[]) => tidy(() => [...dropout(ones([40, 50]), rate, seed).dataSync()]);

test('drops the share asked for, and makes up for it in what it keeps', () => {
  for (const rate of [0.1, 0.5, 0.9]) {
    const values = dropped(rate, 11);
    const zeros = values.filter((v) => v === 0).length / values.length;
    expect(Math.abs(zeros - rate)).toBeLessThan(0.04);
    for (const kept of values.filter((v) => v !== 0)) expect(kept).toBeCloseTo(1 / (1 - rate), 5);
  }
});

test('follows from all numbers of its seed', () => {
  expect(dropped(0.5, 1, 2)).toEqual(dropped(0.5, 1, 2));
  for (const other of [[1, 3], [2, 2], [1], [2, 1], [0, 0]])
    expect(dropped(0.5, ...other)).not.toEqual(dropped(0.5, 1, 2));
});

test('is the same again when the forward pass is run again for its gradient', () => {
  tidy(() => {
    const x = ones([6, 7]);
    const f = (input: Tensor) => dropout(input, 0.4, [3]);
    const plain = valueAndGrads(() => sum(f(x)), [x]);
    const again = valueAndGrads(() => sum(recompute(f, x)), [x]);
    expect(again.value.dataSync()).toEqual(plain.value.dataSync());
    expect(again.grads[0]?.dataSync()).toEqual(plain.grads[0]?.dataSync());
  });
});

test('differs between steps, sites and adapters, and is off outside of training', () => {
  const { host } = bench;
  const masks: string[] = [];
  const spying = () =>
    low(['up_proj'], {
      forward: ({ x, base, ctx, seed }) => {
        masks.push([ctx.seed, ...seed].join());
        return base(x);
      },
    });
  const one = attach(host, spying(), { name: 'one' });
  const two = attach(host, spying(), { name: 'two' });
  bench.output({ training: true, seed: 1 });
  bench.output({ training: true, seed: 2 });
  expect(new Set(masks).size).toBe(8);
  two.detach();
  one.detach();
  const adapter = attach(host, low(['up_proj'], { dropout: 0.5 }));
  const train = (seed: number) => bench.output({ training: true, seed });
  expect(train(1)).toEqual(train(1));
  expect(train(1)).not.toEqual(train(2));
  expect(bench.output({ training: false, seed: 1 })).toEqual(bench.output({ training: false, seed: 2 }));
  adapter.detach();
});
