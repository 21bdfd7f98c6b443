import { add, mul, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { withHost } from '../test/with-host.ts';
import { createChains } from './chains.ts';
import type { Context, ResidualSite } from './site.ts';

withHost();

const site = (): ResidualSite => ({ kind: 'residual', path: 'p', role: 'r', dim: 1 });
const ctx: Context = { training: false, seed: 0 };
const run = (chains: ReturnType<typeof createChains>, at: ResidualSite, x: number) =>
  tidy(() => chains.run<'residual'>(at, (v) => mul(v, 10), scalar(x), ctx).dataSync()[0]);

test('the last link is on top, and sees the ones below as its base', () => {
  const chains = createChains();
  const at = site();
  const plus = (n: number) => (base: (x: Tensor) => Tensor, x: Tensor) => add(base(add(x, n)), n);
  const times = (n: number) => (base: (x: Tensor) => Tensor, x: Tensor) => mul(base(x), n);
  chains.wrap<'residual'>(at, plus(1));
  const undo = chains.wrap<'residual'>(at, times(2));
  expect(run(chains, at, 3)).toBe(2 * (10 * (3 + 1) + 1));
  undo();
  undo();
  expect(run(chains, at, 3)).toBe(10 * (3 + 1) + 1);
});

test('a chain belongs to the site object, not to its path', () => {
  const chains = createChains();
  const [one, other] = [site(), site()];
  chains.wrap<'residual'>(one, (base, x) => base(base(x)));
  expect(run(chains, one, 1)).toBe(100);
  expect(run(chains, other, 1)).toBe(10);
});

test('a link that is not called for is skipped by not calling base', () => {
  const chains = createChains();
  const at = site();
  const calls: string[] = [];
  chains.wrap<'residual'>(at, (base, x) => {
    calls.push('below');
    return base(x);
  });
  chains.wrap<'residual'>(at, (_, x) => x);
  expect(run(chains, at, 7)).toBe(7);
  expect(calls).toEqual([]);
});
