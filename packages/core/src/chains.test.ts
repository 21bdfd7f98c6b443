import { add, mul, ones, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { low } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import { createChains } from './chains.ts';
import { type Route, route } from './route.ts';
import type { Context, ResidualSite } from './site.ts';

const bench = withHost();

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

test('what changes the input of a branch cannot share a batch: the branch holds sites that cut it for themselves', () => {
  const [a, b] = ['a', 'b'].map((name) => attach(bench.host, low(['up_proj']), { name }));
  if (!a || !b) throw new Error();
  const chains = createChains();
  const at = site();
  const branch = (x: Tensor) => mul(x, 10);
  chains.wrap<'residual'>(at, (base, x) => add(base(x), 1), a);
  chains.wrap<'residual'>(at, (base, x) => base(mul(x, 2)), b);
  const through = (...routes: readonly Route[]) =>
    tidy(() => [...chains.run<'residual'>(at, branch, ones([2, 1, 1]), { ...ctx, routes }).dataSync()]);
  expect(through(route(a), route())).toEqual([11, 10]);
  expect(through(route(b), route(b))).toEqual([20, 20]);
  expect(() => through(route(a), route(b))).toThrow(
    '[peftjs/core] an adapter changes what enters "p"; it cannot share a batch with others',
  );
  for (const adapter of [a, b]) adapter.detach();
});
