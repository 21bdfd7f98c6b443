import { attach, merge } from '@peftjs/core';
import { tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { DIM } from '../../core/test/tiny-host.ts';
import { withHost } from '../../core/test/with-host.ts';
import { noisy } from './initializers.ts';
import { pissa } from './matrix-initializers.ts';
import { qalora } from './qalora.ts';

const bench = withHost();
const targets = ['up_proj'];

test('changes the weights of a group by one number', async () => {
  const { host } = bench;
  const site = host.site('model.layers.0.mlp.up_proj');
  const read = () => tidy(() => (site.weight.read().dataSync() as Float32Array).slice());
  const before = read();
  const adapter = attach(host, qalora({ r: 2, group: 2, targets, init: noisy }), { seed: 1 });
  expect(adapter.parameters[0]?.variable.shape).toEqual([2, DIM / 2]);
  await merge(adapter, { probe: () => host.run(bench.ids) });
  const moves = read().map((v, i) => v - (before[i] as number));
  for (let i = 0; i < moves.length; i += 2) {
    expect(moves[i]).toBeCloseTo(moves[i + 1] as number, 6);
    expect(moves[i]).not.toBeCloseTo(moves[(i + 2) % moves.length] as number, 3);
  }
  adapter.detach();
});

describe('refuses', () => {
  test('groups that do not divide a layer', () => {
    expect(() => attach(bench.host, qalora({ r: 2, group: 3, targets }))).toThrow(
      'up_proj": groups of 3 do not divide its 4 inputs; take another group',
    );
    expect(() => qalora({ group: 0 })).toThrow('[peftjs/lora] group is 0; give a whole number above 0');
  });

  test('an initializer that starts from the weight', () => {
    expect(() => qalora({ init: pissa })).toThrow('[peftjs/lora] init "pissa" starts A at single inputs');
  });
});
