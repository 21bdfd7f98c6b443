import { valueAndGrads } from '@peftjs/backend';
import { mul, sum, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { low, whole } from '../test/methods.ts';
import { DIM, VOCAB, WIDE } from '../test/tiny-host.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import type { Part } from './method.ts';
import { modulesToSave } from './modules-to-save.ts';
import type { LinearSite } from './site.ts';

const bench = withHost();

test('starts as a copy of the module, so that nothing changes, and keeps it as it is', () => {
  const base = bench.output();
  const adapter = attach(bench.host, whole(['lm_head', 'embed_tokens', 'up_proj', 'norm']));
  expect(bench.output()).toEqual(base);
  expect(adapter.parameters.map(({ key, variable }) => [key.replace('base_model.model.', ''), variable.shape])).toEqual(
    [
      ['model.embed_tokens.weight', [VOCAB, DIM]],
      ...[0, 1].flatMap((i) => [
        [`model.layers.${i}.mlp.up_proj.weight`, [WIDE, DIM]],
        [`model.layers.${i}.mlp.up_proj.bias`, [WIDE]],
      ]),
      ['model.norm.weight', [DIM]],
      ['lm_head.weight', [VOCAB, DIM]],
    ],
  );
  for (const { variable } of adapter.parameters) {
    const doubled = mul(variable, 2);
    variable.assign(doubled);
    doubled.dispose();
  }
  expect(bench.output()).not.toEqual(base);
  adapter.detach();
  expect(bench.output()).toEqual(base);
});

test('every copy gets a gradient', () => {
  const adapter = attach(bench.host, whole(['lm_head', 'embed_tokens', 'up_proj', 'norm']));
  tidy(() => {
    const variables = adapter.parameters.map((p) => p.variable);
    const { grads } = valueAndGrads(() => tidy(() => sum(bench.host.run(bench.ids))), variables);
    for (const [i, g] of grads.entries()) {
      expect(g?.shape).toEqual(variables[i]?.shape);
      expect(g?.dataSync().some((v) => v !== 0)).toBe(true);
    }
  });
  adapter.detach();
});

test('the other method of the adapter leaves its modules alone', () => {
  const both = [low(['up_proj', 'lm_head']), modulesToSave(['layers.1.mlp.up_proj', 'lm_head'])];
  expect(() => attach(bench.host, both)).toThrow('no site matches "lm_head"');
  const adapter = attach(bench.host, [low(['up_proj']), modulesToSave(['layers.1.mlp.up_proj'])]);
  expect(adapter.attachments.map(({ method, site }) => `${method.type} ${site.path}`).sort()).toEqual([
    'LOW model.layers.0.mlp.up_proj',
    'MODULES_TO_SAVE model.layers.1.mlp.up_proj',
  ]);
  adapter.detach();
});

test('names modules, where a role was given: PEFT knows none', async () => {
  const adapter = attach(bench.host, whole(['mlp.up', 'lm_head']));
  expect((await adapter.snapshot()).config.modules_to_save).toEqual([
    'model.layers.0.mlp.up_proj',
    'model.layers.1.mlp.up_proj',
    'lm_head',
  ]);
  adapter.detach();
});

test('a matrix that the files hold as [i, o] is held, and folded, the same way', () => {
  const { linear } = modulesToSave(['c_proj']).on;
  const turned = { ...(bench.host.sites().find((s) => s.path.endsWith('up_proj')) as LinearSite), transposed: true };
  tidy(() => {
    const { weight } = linear!.params(turned);
    const start = weight!.init(weight!.shape, () => 0);
    expect([weight!.shape, start.shape]).toEqual([
      [DIM, WIDE],
      [DIM, WIDE],
    ]);
    const folded = linear!.fold!({ site: turned, params: { weight: start } } as unknown as Parameters<
      NonNullable<Part<'linear'>['fold']>
    >[0]);
    expect(folded.weight.arraySync()).toEqual(turned.weight.read().arraySync());
  });
});
