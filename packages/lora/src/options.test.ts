import { attach } from '@peftjs/core';
import { expect, test } from 'vitest';
import { withHost } from '../../core/test/with-host.ts';
import { dora } from './dora.ts';
import { gaussian } from './initializers.ts';
import { lora } from './lora.ts';
import { loraWithBias } from './lora-with-bias.ts';
import { pissa } from './matrix-initializers.ts';
import type { LoraOptions } from './options.ts';

const NOWHERE = { sites: [], model: [], modules: null, task: null };

const bench = withHost();

test('without options: rank 8, alpha twice the rank, every linear layer but the output', () => {
  expect(lora().config(NOWHERE)).toMatchObject({ r: 8, lora_alpha: 16 });
  expect(lora({ r: 4 }).config(NOWHERE)).toMatchObject({ r: 4, lora_alpha: 8 });
  const adapter = attach(bench.host, lora({ r: 2 }));
  expect(adapter.attachments.map(({ site }) => site.path)).toEqual(
    [0, 1].flatMap((i) => ['up', 'down'].map((name) => `model.layers.${i}.mlp.${name}_proj`)),
  );
  adapter.detach();
});

const wrong: [LoraOptions, string][] = [
  [{ dropout: 1 }, '[peftjs/lora] dropout is 1; give a share from 0 to below 1'],
  [{ dropout: -0.1 }, 'dropout is -0.1'],
  [{ dropout: Number.NaN }, 'dropout is NaN'],
];

test.each(wrong)('%o is refused', (options, message) => {
  expect(() => lora(options)).toThrow(message);
  expect(() => dora(options)).toThrow();
});

test('B has a bias where A and B start plainly, and never on a table, as in PEFT', () => {
  for (const init of [gaussian, pissa]) {
    expect(() => loraWithBias({ init })).toThrow(
      `[peftjs/lora] B has no bias where init is "${init.name}"; leave init out`,
    );
  }
  expect(() => attach(bench.host, loraWithBias({ r: 2, targets: ['embed_tokens'] }))).toThrow(
    '"model.embed_tokens": a table takes no bias; leave it out',
  );
});

test('a rank that is none, or over the layer, is refused with the site and the most it takes', () => {
  const at = '"model.layers.0.mlp.up_proj"';
  for (const r of [0, -1, 2.5, Number.NaN, 5]) {
    expect(() => attach(bench.host, lora({ r }))).toThrow(
      `[peftjs/core] LORA cannot act on ${at}: rank ${r} must be whole, above 0 and at most 4`,
    );
  }
  expect(() => attach(bench.host, dora({ r: 2, rankPattern: { up_proj: 99 } }))).toThrow('rank 99 must be');
  expect(() => attach(bench.host, lora({ r: 5, targets: ['embed_tokens'] }))).toThrow('rank 5 must be');
  attach(bench.host, lora({ r: 5, rankPattern: { '.*': 4 } })).detach();
});

test('patterns give each layer its rank and scale', () => {
  const method = lora({ r: 2, alpha: 8, rankPattern: { up_proj: 3 }, alphaPattern: { 'layers.1.mlp.*': 1 } });
  const adapter = attach(bench.host, method);
  const shapes = adapter.parameters.filter((p) => p.key.includes('lora_A')).map((p) => p.variable.shape[0]);
  expect(shapes).toEqual([3, 2, 3, 2]);
  adapter.detach();
});
