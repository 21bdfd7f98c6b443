import { tensor2d, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { low } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import { type Route, route } from './route.ts';
import { rowGroups } from './row-groups.ts';

const bench = withHost();

test('rows that run the same make a group wherever they stand; taken and joined, they are what they were', () => {
  const [a, b] = ['a', 'b'].map((name) => attach(bench.host, low(['up_proj']), { name }));
  if (!a || !b) throw new Error();
  const groupsOf = (routes: readonly Route[], adapters = [a, b]) =>
    rowGroups(routes, adapters).groups.map(({ rows }) => rows);
  expect(groupsOf([route(a), route(), route(a), route(b, a), route([b, 0]), route(a)])).toEqual([
    [0, 2, 5],
    [1, 4],
    [3],
  ]);
  expect(groupsOf([route(a, b), route(b)], [b])).toEqual([[0, 1]]);
  expect(groupsOf([route(a), route([a, 0.5])])).toEqual([[0], [1]]);

  tidy(() => {
    const x = tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 2]);
    const { take, join } = rowGroups([route(a), route(b), route(), route(a), route(b)], [a, b]);
    const parts = take(x);
    expect(parts.map((part) => part.arraySync())).toEqual([
      [
        [1, 2],
        [7, 8],
      ],
      [
        [3, 4],
        [9, 10],
      ],
      [[5, 6]],
    ]);
    const whole = join(parts);
    expect(whole.arraySync()).toEqual(x.arraySync());
  });
  for (const adapter of [a, b]) adapter.detach();
});
