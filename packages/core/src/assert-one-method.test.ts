import { memory } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { beside, low, normed, shrinking } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import type { Method } from './method.ts';
import { modulesToSave } from './modules-to-save.ts';
import { readModulesToSave } from './read-modules-to-save.ts';
import { adaptersOf } from './registry.ts';
import { restore } from './restore.ts';

const bench = withHost();
const small = { ...low(['down_proj']), beside: (type: string) => type === 'NORMED' };

test.each<[string, readonly Method[]]>([
  ['cannot be LOW and NORMED at once; attach them as two adapters', [low(['up_proj']), normed(['up_proj'])]],
  ['cannot be LOW and LOW at once', [low(['up_proj']), modulesToSave(['lm_head']), low(['down_proj'])]],
  ['cannot be LOW and LOW at once', [low(['up_proj']), small]],
  ['cannot be LOW and NORMED at once', [shrinking(['up_proj']), normed(['up_proj'])]],
  [
    'begins with MODULES_TO_SAVE, which goes beside another method; give that first',
    [modulesToSave(['lm_head']), low(['up_proj'])],
  ],
])('an adapter %s: nothing is changed', (why, methods) => {
  const [before, tensors] = [bench.output(), memory().numTensors];
  expect(() => attach(bench.host, methods, { name: 'notes' })).toThrow(`[peftjs/core] adapter "notes" ${why}`);
  expect(adaptersOf(bench.host)).toEqual([]);
  expect(bench.output()).toEqual(before);
  expect(memory().numTensors).toBe(tensors);
});

test('what goes beside a method goes beside that one, and beside others', () => {
  for (const others of [[small], [modulesToSave(['lm_head']), small], [beside(low(['up_proj']))]])
    attach(bench.host, [normed(['up_proj']), ...others]).detach();
});

test('modules trained whole are an adapter alone, too, and come back from its file', async () => {
  const adapter = attach(bench.host, modulesToSave(['lm_head', 'norm']));
  const saved = await adapter.snapshot();
  adapter.detach();
  expect(saved.config).toMatchObject({ peft_type: 'MODULES_TO_SAVE', modules_to_save: ['lm_head', 'norm'] });
  const again = await restore(bench.host, saved, [readModulesToSave()]);
  expect(await again.snapshot()).toEqual(saved);
  again.detach();
  const read = (more: object) => () => readModulesToSave().read({ ...saved.config, ...more });
  expect(read({ r: 8 })).toThrow('[peftjs/core] adapter_config.json asks for "r"');
  expect(read({ modules_to_save: [] })).toThrow('adapter_config.json has modules_to_save []; names are needed');
});
