import {
  type Form,
  kernel,
  type LowRankInputs,
  type LowRankRowsAttrs,
  lowRankRows,
  registerKernels,
  valueAndGrads,
} from '@peftjs/backend';
import { square, sum, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { afterEach, expect, test } from 'vitest';
import { low, normed, rebiased } from '../test/methods.ts';
import { expectClose, withHost } from '../test/with-host.ts';
import type { Adapter } from './adapter.ts';
import { attach } from './attach.ts';
import type { Method } from './method.ts';
import { type Route, route } from './route.ts';

const bench = withHost();
const TARGETS = ['up_proj', 'down_proj', 'lm_head'];
const ROWS = 5;

/** Gives cpu, which has no kernel for the op, its reference as one, and counts its calls. */
function countCalls(): { calls: number } {
  const counted = { calls: 0 };
  const { forward, grad } = lowRankRows.reference;
  const form: Form<LowRankInputs, LowRankRowsAttrs> = {
    forward(inputs, attrs) {
      counted.calls++;
      return forward(inputs, attrs);
    },
    grad,
  };
  registerKernels('cpu', [kernel(lowRankRows, form)]);
  return counted;
}
afterEach(() => registerKernels('cpu', []));

/** A loss over rows by their routes, with its gradients for all parameters. */
function learn(routes: readonly Route[], adapters: readonly Adapter[], training = true): readonly number[] {
  const ids = tensor2d(
    Array.from({ length: ROWS * 3 }, (_, k) => (k * 5) % 9),
    [ROWS, 3],
    'int32',
  );
  const variables = adapters.flatMap((adapter) => adapter.parameters.map((p) => p.variable));
  const { value, grads } = valueAndGrads(
    () => sum(square(bench.host.run(ids, { training, seed: 1, routes }))),
    variables,
  );
  const found = [value, ...(grads as Tensor[])].flatMap((t) => [...t.dataSync()]);
  for (const t of [ids, value, ...(grads as Tensor[])]) t.dispose();
  return found;
}

/** Five rows over two adapters, out of order: alone, stacked, at another strength, the base. */
const rowsOver = ([a, b]: readonly Adapter[]) => {
  if (!a || !b) throw new Error();
  return [route(a), route(b), route(), route([b, -0.5], a), route(a)];
};

test('where a backend adds terms to rows of their own, a batch is not cut, and gives and learns the same', () => {
  const adapters = ['a', 'b'].map((name, seed) => attach(bench.host, low(TARGETS), { name, seed }));
  const cut = learn(rowsOver(adapters), adapters);
  const counted = countCalls();
  const whole = learn(rowsOver(adapters), adapters);
  expect(counted.calls).toBe(5);
  expectClose(
    whole.map((v, i) => v / Math.max(1, Math.abs(cut[i] as number))),
    cut.map((v) => v / Math.max(1, Math.abs(v))),
  );
  const all = route(adapters[0] as Adapter);
  learn([all, all, all, all, all], adapters.slice(0, 1));
  expect(counted.calls).toBe(5);
  for (const adapter of adapters) adapter.detach();
});

test.each<[string, Method]>([
  ['reads the weight', normed(TARGETS)],
  ['has a bias of its own', rebiased(TARGETS)],
  ['drops of its input', low(TARGETS, { dropout: 0.3 })],
  ['has another forward pass', low(TARGETS, { forward: ({ x, base }) => base(x) })],
])('a batch is cut where one of its adapters %s', (_, method) => {
  const adapters = [low(TARGETS), method].map((one, i) => attach(bench.host, one, { name: `${i}` }));
  const some = adapters.slice(0, 1);
  const cut = learn(rowsOver(adapters), some);
  const counted = countCalls();
  expect(learn(rowsOver(adapters), some)).toEqual(cut);
  expect(counted.calls).toBe(0);
  for (const adapter of adapters) adapter.detach();
});

test('what is dropped in training alone is a term like any other outside of it', () => {
  const adapters = [0, 0.3].map((dropout, i) => attach(bench.host, low(TARGETS, { dropout }), { name: `${i}` }));
  const counted = countCalls();
  learn(rowsOver(adapters), adapters, false);
  expect(counted.calls).toBe(5);
  for (const adapter of adapters) adapter.detach();
});
