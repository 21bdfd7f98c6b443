import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { low, normed, shrinking } from '../test/methods.ts';
import { VOCAB } from '../test/tiny-host.ts';
import { expectClose, withHost } from '../test/with-host.ts';
import type { Adapter } from './adapter.ts';
import { attach } from './attach.ts';
import { merge } from './merge.ts';
import { checkRoutes, type Pin, pin } from './pin.ts';
import { restore } from './restore.ts';
import { type Route, route } from './route.ts';
import type { Context } from './site.ts';

const bench = withHost();
const ALL = ['up_proj', 'down_proj', 'lm_head'];
const through = (...routes: readonly Route[]): Context => ({ training: false, seed: 0, routes });

/** The output of the given row. */
const row = (values: readonly number[], i: number) => values.slice(3 * VOCAB * i, 3 * VOCAB * (i + 1));

describe('routes', () => {
  test('each row of a batch runs its own adapters, the base among them', () => {
    const plain = bench.output();
    const one = attach(bench.host, low(ALL), { name: 'one', seed: 1 });
    const other = attach(bench.host, normed(['up_proj']), { name: 'other', seed: 2 });
    const alone = (...routes: Route[]) => bench.output(through(...routes, ...routes));
    const found = bench.output(through(route(one), route(other)));
    expectClose(row(found, 0), row(alone(route(one)), 0));
    expectClose(row(found, 1), row(alone(route(other)), 1));
    expect(row(found, 0)).not.toEqual(row(plain, 0));
    const mixed = bench.output(through(route(), route(one, other)));
    expect(row(mixed, 0)).toEqual(row(plain, 0));
    expectClose(row(mixed, 1), row(bench.output(), 1));
    expect(bench.output({ training: false, seed: 0, routes: route() })).toEqual(plain);
    for (const adapter of [one, other]) adapter.detach();
  });

  test('are checked before anything runs', async () => {
    const one = attach(bench.host, low(ALL), { name: 'one' });
    expect(() => checkRoutes(bench.host, [route(one)], 2)).toThrow('1 routes for a batch of 2 rows');
    expect(() => checkRoutes(bench.host, route([one, Number.NaN]))).toThrow('"one" has a strength of NaN');
    const unmerge = await merge(one);
    expect(() => checkRoutes(bench.host, route(one))).toThrow('"one" is merged into the base of all rows');
    unmerge();
    const resident = attach(bench.host, shrinking(['up_proj']), { name: 'resident' });
    expect(() => checkRoutes(bench.host, [route(one), route(resident)])).toThrow('"resident" has taken its start out');
    checkRoutes(bench.host, [route(one, resident), route(resident)]);
    const second = attach(bench.host, shrinking(['down_proj']), { name: 'second' });
    expect(() => checkRoutes(bench.host, route(one, resident))).toThrow('"second" has taken its start out');
    second.detach();
    resident.detach();
    one.detach();
    expect(() => checkRoutes({ ...bench.host }, route(one))).toThrow('is on another model');
    expect(() => checkRoutes(bench.host, route(one))).toThrow('"one" is detached');
  });
});

test('what an adapter took out of the base is in it again once it is merged: all rows have it', async () => {
  const resident = attach(bench.host, shrinking(['down_proj']), { name: 'resident', seed: 1 });
  await merge(resident);
  const merged = bench.output();
  const notes = attach(bench.host, low(['up_proj']), { name: 'notes', seed: 2 });
  checkRoutes(bench.host, [route(notes), route()], 2);
  const found = bench.output(through(route(notes), route()));
  expectClose(row(found, 0), row(bench.output(), 0));
  expect(row(found, 1)).toEqual(row(merged, 1));
  const { routes, release } = pin(bench.host);
  expect(routes).toEqual(route(notes));
  release();
  for (const adapter of [notes, resident]) adapter.detach();
});

describe('strength', () => {
  test('is the share of the way from without to with, 0 and 1 exactly', () => {
    const plain = bench.output();
    // The output layer's change is the output's.
    const adapter = attach(bench.host, low(['lm_head']), { seed: 3 });
    const full = bench.output();
    for (const strength of [0.25, -1, 2]) {
      adapter.strength = strength;
      const expected = plain.map((y, i) => y + strength * ((full[i] as number) - y));
      expectClose(bench.output(), expected);
      expectClose(bench.output({ training: false, seed: 0, routes: route(adapter) }), expected);
    }
    adapter.strength = 0;
    expect(bench.output()).toEqual(plain);
    adapter.strength = 1;
    expect(bench.output()).toEqual(full);
    adapter.detach();
  });

  test('is what a merge folds in', async () => {
    const adapter = attach(bench.host, [low(ALL)], { seed: 3 });
    adapter.strength = 0.4;
    const expected = bench.output();
    await merge(adapter);
    expectClose(bench.output(), expected);
    adapter.detach();
  });

  test('of a weighted combination adds up', () => {
    const plain = bench.output();
    const change = (values: number[]) => values.map((y, i) => y - (plain[i] as number));
    const [one, other] = [1, 2].map((seed) => attach(bench.host, low(['lm_head']), { name: `a${seed}`, seed }));
    const of = (...adapters: readonly [Adapter, number][] | [Adapter]) =>
      change(bench.output({ training: false, seed: 0, routes: route(...adapters) }));
    if (!one || !other) throw new Error();
    const [a, b] = [of(one), of(other)];
    expectClose(
      of([one, 0.7], [other, -0.5]),
      a.map((y, i) => 0.7 * y - 0.5 * (b[i] as number)),
    );
    one.detach();
    other.detach();
  });
});

describe('a request of several passes', () => {
  test('keeps what it has pinned although that is detached, and frees it at its end', () => {
    const plain = bench.output();
    const adapter = attach(bench.host, low(ALL), { seed: 3 });
    const changed = bench.output();
    const { routes, release } = pin(bench.host);
    adapter.detach();
    expect(bench.output()).toEqual(plain);
    expect(bench.output({ training: false, seed: 0, routes })).toEqual(changed);
    release();
    release();
    expect(adapter.parameters.every((p) => p.variable.isDisposed)).toBe(true);
    expect(bench.output()).toEqual(plain);
  });

  test('keeps the old adapter while another takes its place, of another rank and other targets', async () => {
    const family = (modules: readonly string[]) => ({ type: 'LOW', read: () => [low(modules)] });
    const made = attach(bench.host, low(['down_proj']), { seed: 8 });
    const saved = await made.snapshot();
    const second = bench.output();
    made.detach();
    const old = attach(bench.host, low(ALL), { name: 'notes', seed: 3 });
    const first = bench.output();
    const { routes, release } = pin(bench.host);
    const next = await restore(bench.host, saved, [family(['down_proj'])], { replaces: old });
    expect(next.name).toBe('notes');
    expect(bench.output()).toEqual(second);
    expect(bench.output({ training: false, seed: 0, routes })).toEqual(first);
    release();
    expect(old.parameters.every((p) => p.variable.isDisposed)).toBe(true);
    next.detach();
  });

  test('a replacement that fails leaves the old one', async () => {
    const old = attach(bench.host, low(ALL), { name: 'notes', seed: 3 });
    const before = bench.output();
    const saved = await old.snapshot();
    const broken = { ...saved, tensors: saved.tensors.slice(1) };
    const family = { type: 'LOW', read: () => [low(ALL)] };
    await expect(restore(bench.host, broken, [family], { replaces: old })).rejects.toThrow('the adapter has no');
    expect(bench.output()).toEqual(before);
    await merge(old);
    await expect(restore(bench.host, saved, [family], { replaces: old })).rejects.toThrow("changed the base's weights");
    old.detach();
    await expect(restore(bench.host, saved, [family], { replaces: old })).rejects.toThrow('is not attached');
  });
});

test('the base keeps its weights while a request is under way, the base alone too', async () => {
  const { host } = bench;
  const merged = attach(host, low(['down_proj']), { name: 'merged', seed: 1 });
  const unmerge = await merge(merged);
  const notes = attach(host, low(['up_proj']), { name: 'notes', seed: 2 });
  const resident = attach(host, shrinking(['lm_head']), { name: 'resident' });
  const before = bench.output();
  const requests = [pin(host), pin(host, route(resident))];
  const said = (what: string, count: string) => `${what} changes the base's weights, and ${count} under way on them`;
  expect(unmerge).toThrow(said('unmerging "merged"', '2 requests are'));
  requests[0]?.release();
  requests[0]?.release();
  expect(() => merged.detach()).toThrow(said('unmerging "merged"', '1 request is'));
  await expect(merge(notes)).rejects.toThrow(said('merging "notes"', '1 request is'));
  expect(() => resident.detach()).toThrow(said('detaching "resident"', '1 request is'));
  expect(() => attach(host, shrinking(['up_proj']), { name: 'more' })).toThrow(
    said('a start at "model.layers.0.mlp.up_proj"', '1 request is'),
  );
  expect(bench.output()).toEqual(before);
  requests[1]?.release();
  resident.detach();
  await merge(notes, { final: true });
  merged.detach();
});

test('a final merge whose probe is overtaken by a request is taken back', async () => {
  const { host } = bench;
  const notes = attach(host, low(['up_proj']), { name: 'notes', seed: 2 });
  const before = bench.output();
  let request: Pin | undefined;
  const probe = () => {
    request = pin(host, route());
    return host.run(bench.ids);
  };
  await expect(merge(notes, { final: true, probe })).rejects.toThrow('wait for the end');
  request?.release();
  expect(bench.output()).toEqual(before);
  notes.detach();
});

test('rows whose routes do not differ at a site are run there together', () => {
  const { host } = bench;
  const shapes: string[] = [];
  const watch = host.wrap<'linear'>(host.site('lm_head'), (base, x) => {
    shapes.push(x.shape.join());
    return base(x);
  });
  const [one, other] = ['one', 'other'].map((name) => attach(host, low(['up_proj']), { name }));
  if (!one || !other) throw new Error();
  bench.output(through(route(one), route(other)));
  const both = attach(host, low(['lm_head']), { name: 'both' });
  bench.output(through(route(one, both), route(other, both)));
  bench.output(through(route(one, both), route(other, [both, 0])));
  expect(shapes).toEqual(['2,3,4', '2,3,4', '1,3,4', '1,3,4']);
  watch();
  for (const adapter of [one, other, both]) adapter.detach();
});

test('a link without an adapter runs for every row', () => {
  const one = attach(bench.host, low(['lm_head']), { seed: 1 });
  const undo = bench.host.wrap<'linear'>(bench.host.site('lm_head'), (base, x) => mul(base(x), 2) as Tensor);
  const found = bench.output(through(route(), route(one)));
  undo();
  expectClose(
    found,
    bench.output(through(route(), route(one))).map((y) => 2 * y),
  );
  one.detach();
});
