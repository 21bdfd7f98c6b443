import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { family, low } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import type { AdapterSnapshot, SavedTensor } from './adapter.ts';
import { attach } from './attach.ts';
import { modulesToSave } from './modules-to-save.ts';
import { adaptersOf } from './registry.ts';
import { restore } from './restore.ts';

const bench = withHost();
const KEY = 'base_model.model.model.layers.0.mlp.up_proj.low_A.weight';

async function saved(): Promise<AdapterSnapshot> {
  const adapter = attach(bench.host, low(['up_proj']), { seed: 5 });
  const snapshot = await adapter.snapshot();
  adapter.detach();
  return snapshot;
}

/** The snapshot with its tensors changed. */
function having(snapshot: AdapterSnapshot, change: (t: SavedTensor) => readonly SavedTensor[]): AdapterSnapshot {
  return { ...snapshot, tensors: snapshot.tensors.flatMap(change) };
}

test('what was saved comes back the same, under any name and seed, on top of others', async () => {
  const { host } = bench;
  const adapter = attach(host, low(['up_proj']), { seed: 5 });
  const before = bench.output();
  const snapshot = await adapter.snapshot();
  adapter.detach();
  const below = attach(host, low(['down_proj']), { name: 'below' });
  const again = await restore(host, snapshot, [family], { name: 'again', seed: 9 });
  expect(again.name).toBe('again');
  below.detach();
  expect(bench.output()).toEqual(before);
  expect(await again.snapshot()).toEqual(snapshot);
  again.detach();
});

test('a snapshot is a copy: neither side changes the other', async () => {
  const { host } = bench;
  const snapshot = await saved();
  const again = await restore(host, snapshot, [family]);
  const before = bench.output();
  for (const { data } of (await again.snapshot()).tensors) data.fill(0);
  expect(bench.output()).toEqual(before);
  for (const { data } of snapshot.tensors) data.fill(0);
  expect(bench.output()).toEqual(before);
  again.detach();
});

describe('refused, with nothing changed', () => {
  const refused = async (snapshot: AdapterSnapshot, message: string, families = [family]) => {
    const { host } = bench;
    const base = bench.output();
    const tensors = memory().numTensors;
    await expect(restore(host, snapshot, families)).rejects.toThrow(message);
    expect(bench.output()).toEqual(base);
    expect(memory().numTensors).toBe(tensors);
    expect(adaptersOf(host)).toEqual([]);
  };

  test('another base, unless that is asked for', async () => {
    const snapshot = await saved();
    const other = { ...snapshot, provenance: { base: { name: 'big', fingerprint: 'sha256:big' } } };
    await refused(other, 'the adapter was made for another base: "big" sha256:big; this is "tiny" sha256:tiny');
    const adapter = await restore(bench.host, other, [family], { anyBase: true });
    adapter.detach();
    (await restore(bench.host, { ...snapshot, provenance: null }, [family])).detach();
  });

  test('a type that no family reads', async () => {
    const snapshot = await saved();
    const lora = { ...snapshot, config: { ...snapshot.config, peft_type: 'LOWW' } };
    await refused(lora, 'of type "LOWW", and no family given reads it; nearest: "LOW"');
    await refused(lora, 'of type "LOWW", and no family given reads it', []);
  });

  test('a tensor that nothing takes', async () => {
    const snapshot = await saved();
    const renamed = having(snapshot, (t) => [t, { ...t, key: t.key.replace('up_proj', 'upp_proj') }]);
    await refused(renamed, `nothing in the model takes "${KEY.replace('up_proj', 'upp_proj')}"; nearest: "${KEY}"`);
  });

  test('a tensor that is missing', async () => {
    const snapshot = await saved();
    const renamed = having(snapshot, (t) => (t.key === KEY ? [] : [t]));
    const nearest = KEY.replace('low_A', 'low_B');
    await refused(renamed, `the adapter has no "${KEY}"; nearest: "${nearest}"`);
    await refused({ ...snapshot, tensors: [] }, 'the adapter has no "');
  });

  test('a wrong shape, found before any value is put in place', async () => {
    const snapshot = await saved();
    const last = snapshot.tensors.at(-1)?.key;
    const wide = having(snapshot, (t) => [t.key === last ? { ...t, shape: [...t.shape].reverse() } : t]);
    await refused(wide, `"${last}" has shape [2,6] in the adapter; the model wants [6,2]`);
  });

  test('targets that the model has not', async () => {
    const snapshot = await saved();
    const other = { ...snapshot, config: { ...snapshot.config, target_modules: ['up_prj'] } };
    await refused(other, 'no site matches "up_prj"; nearest: "up_proj"');
  });
});

test('tensors that say nothing new may be there', async () => {
  const { host } = bench;
  const redundant = {
    ...family,
    read: () => [low(['up_proj'], { redundant: ['base_layer.weight'] })],
  };
  const snapshot = await saved();
  const key = 'base_model.model.model.layers.1.mlp.up_proj.base_layer.weight';
  const more = { ...snapshot, tensors: [...snapshot.tensors, { key, shape: [1], data: Float32Array.of(1) }] };
  await expect(restore(host, more, [family])).rejects.toThrow(`nothing in the model takes "${key}"`);
  (await restore(host, more, [redundant])).detach();
});

describe('the configuration of a snapshot', () => {
  const configOf = async (...args: Parameters<typeof attach>) => {
    const adapter = attach(...args);
    const { config } = await adapter.snapshot();
    adapter.detach();
    return config;
  };

  test('has the words of PEFT', async () => {
    const method = low(['up_proj']);
    expect(await configOf(bench.host, method)).toEqual({
      base_model_name_or_path: 'tiny',
      inference_mode: true,
      task_type: null,
      peft_type: 'LOW',
      target_modules: ['up_proj'],
      rank: 2,
    });
  });

  test('names modules one by one where they are named by role', async () => {
    const roles = bench.host.sites().filter(({ role }) => role === 'mlp.up');
    expect(await configOf(bench.host, low(['mlp.up']))).toMatchObject({
      target_modules: roles.map((site) => site.path),
    });
  });

  test('names modules one by one where PEFT takes layers for lists only', async () => {
    const method = low('all-linear');
    const targets = { modules: 'all-linear', layers: [1] };
    const config = await configOf(bench.host, [{ ...method, targets }, modulesToSave(['lm_head'])]);
    expect(config).toMatchObject({
      target_modules: ['model.layers.1.mlp.up_proj', 'model.layers.1.mlp.down_proj'],
      modules_to_save: ['lm_head'],
      peft_type: 'LOW',
    });
    expect(await configOf(bench.host, low('all-linear'))).toMatchObject({ target_modules: 'all-linear' });
  });

  test('names modules one by one where PEFT counts the head among all linear layers', async () => {
    const classifier = { ...bench.host, task: 'TOKEN_CLS' };
    const linear = classifier.sites().filter(({ kind, role }) => kind === 'linear' && role !== 'head');
    expect(await configOf(classifier, low('all-linear'))).toMatchObject({ target_modules: linear.map((s) => s.path) });
  });
});
