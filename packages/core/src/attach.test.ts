import { memory, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { beside, low, normed, shrinking } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import { adaptersOf } from './registry.ts';

const bench = withHost();

test('detaching in any order puts back the outputs of each step, bit for bit', () => {
  const { host } = bench;
  const base = bench.output();
  const orders = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
  ];
  for (const order of orders) {
    const methods = [low(['up_proj']), low(['up_proj', 'down_proj']), normed(['down_proj'])];
    const adapters = methods.map((method, i) => attach(host, method, { name: `a${i}`, seed: i }));
    const all = bench.output();
    expect(all).not.toEqual(base);
    for (const i of order) adapters[i]?.detach();
    expect(bench.output()).toEqual(base);
    expect(adaptersOf(host)).toEqual([]);
  }
});

test('an adapter that is switched off leaves the outputs alone, and comes back the same', () => {
  const { host } = bench;
  const base = bench.output();
  const adapter = attach(host, low('all-linear'));
  const on = bench.output();
  adapter.active = false;
  expect(bench.output()).toEqual(base);
  adapter.active = true;
  expect(bench.output()).toEqual(on);
  expect(on).not.toEqual(base);
  adapter.detach();
});

test('the seed decides the parameters, and sites differ from each other', () => {
  const { host } = bench;
  const values = (seed: number) => {
    const adapter = attach(host, low(['down_proj']), { seed });
    const found = adapter.parameters.map((p) => [...p.variable.dataSync()]);
    adapter.detach();
    return found;
  };
  expect(values(1)).toEqual(values(1));
  expect(values(1)).not.toEqual(values(2));
  const [first, , second] = values(1);
  expect(first).not.toEqual(second);
});

test('parameters have the keys of PEFT files and say whether they are trained', () => {
  const { host } = bench;
  const frozen = low(['layers.0.mlp.up_proj'], {
    params: () => ({ a: { shape: [2], init: () => zeros([2]), file: 'low_A.weight', trainable: false } }),
  });
  const adapter = attach(host, frozen);
  expect(adapter.parameters.map(({ key, trainable }) => [key, trainable])).toEqual([
    ['base_model.model.model.layers.0.mlp.up_proj.low_A.weight', false],
  ]);
  adapter.detach();
});

describe('nothing is changed when it fails', () => {
  test('a name taken', () => {
    const { host } = bench;
    const adapter = attach(host, low(['up_proj']), { name: 'notes' });
    const tensors = memory().numTensors;
    expect(() => attach(host, low(['down_proj']), { name: 'notes' })).toThrow(
      '[peftjs/core] adapter "notes" is attached; detach it or give another name',
    );
    expect(memory().numTensors).toBe(tensors);
    expect(adaptersOf(host)).toEqual([adapter]);
    adapter.detach();
  });

  test('a site that the method cannot act on, checked before any is touched', () => {
    const { host } = bench;
    const touched: string[] = [];
    const picky = low('all-linear', {
      check: (site) => (site.path.includes('layers.1.mlp.down') ? 'it is too narrow' : null),
      start: (_, site) => {
        touched.push(site.path);
        return null;
      },
    });
    expect(() => attach(host, picky)).toThrow(
      '[peftjs/core] LOW cannot act on "model.layers.1.mlp.down_proj": it is too narrow',
    );
    expect(touched).toEqual([]);
  });

  test('a parameter that fails at a later site', () => {
    const { host } = bench;
    const base = bench.output();
    const tensors = memory().numTensors;
    const failing = shrinking('all-linear');
    const linear = failing.on.linear;
    if (linear === undefined) throw new Error('no linear part');
    const late = {
      ...failing,
      on: {
        linear: {
          ...linear,
          params: (site: Parameters<typeof linear.params>[0]) => {
            const { a, b } = linear.params(site);
            if (a === undefined || b === undefined) throw new Error('no parameters');
            const fail = () => {
              throw new Error('no such distribution');
            };
            return { a, b: site.path.includes('layers.1') ? { ...b, init: fail } : b };
          },
        },
      },
    };
    expect(() => attach(host, late)).toThrow('no such distribution');
    expect(bench.output()).toEqual(base);
    expect(memory().numTensors).toBe(tensors);
    expect(adaptersOf(host)).toEqual([]);
    attach(host, low(['up_proj'])).detach();
  });
});

describe('methods that change the weight', () => {
  test('what others derive from the weight follows it, there and back, switched off or not', () => {
    const { host } = bench;
    const reader = attach(host, normed(['up_proj']), { name: 'reader' });
    const sums = () => [...(reader.attachments[0]?.derived.sums?.dataSync() ?? [])];
    const whole = sums();
    reader.active = false;
    const changer = attach(host, shrinking(['up_proj']), { name: 'changer' });
    expect(sums()[0]).toBeCloseTo((whole[0] as number) * 0.81, 5);
    changer.detach();
    expect(sums()).toEqual(whole);
    reader.detach();
  });

  test('one beneath another comes off after it, never before', () => {
    const { host } = bench;
    const base = bench.output();
    const first = attach(host, shrinking(['up_proj']), { name: 'first' });
    const one = bench.output();
    const second = attach(host, shrinking(['up_proj']), { name: 'second' });
    const both = bench.output();
    expect(() => first.detach()).toThrow(
      '[peftjs/core] "model.layers.0.mlp.up_proj" has changed since; undo that first',
    );
    expect(bench.output()).toEqual(both);
    second.detach();
    expect(bench.output()).toEqual(one);
    first.detach();
    expect(bench.output()).toEqual(base);
  });
});

test('of the methods of one adapter, a lower precedence takes its sites first', () => {
  const { host } = bench;
  const first = beside({ ...low(['layers.0.mlp.up_proj']), precedence: -1 });
  const adapter = attach(host, [low(['up_proj']), first]);
  expect(adapter.attachments.map(({ method, site }) => [method === first, site.path])).toEqual([
    [true, 'model.layers.0.mlp.up_proj'],
    [false, 'model.layers.1.mlp.up_proj'],
  ]);
  adapter.detach();
});
