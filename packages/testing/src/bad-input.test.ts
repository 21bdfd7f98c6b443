// What every method says of a configuration that is not its own: one error that names the key, before anything is changed.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type AdapterSnapshot, adaptersOf, attach, type Json, restore } from '@peftjs/core';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAMILIES, makeVariant, VARIANTS } from '../test/every-method.ts';
import { batchFor, outputsOf, ROW_MODELS, type RowModel } from '../test/row-models.ts';

/** Keys that mean the same in every configuration. */
const COMMON = ['library_name', 'modules_to_save', 'peft_version'];
/** Keys of LoRA that PEFT writes into AdaLoRA's configuration, too, and does not read there. */
const IDLE: Readonly<Record<string, readonly string[]>> = { ADALORA: ['r', 'init_lora_weights', 'qalora_group_size'] };

const saysSomething = (value: Json): boolean =>
  value !== null && value !== false && (typeof value !== 'object' || Object.keys(value).length > 0);

describe('an adapter whose configuration has keys of another method', () => {
  let model: RowModel;
  const snapshots = new Map<string, AdapterSnapshot>();
  /** Every key that some method states, with what it says there. */
  const stated = new Map<string, Json>();
  const output = () => outputsOf(model, batchFor(model, [[3, 5, 7]]));

  beforeAll(async () => {
    await useBackend(cpu());
    model = await ROW_MODELS.llama();
    for (const name of VARIANTS) {
      const adapter = attach(model, makeVariant(name, model), { name });
      const saved = await adapter.snapshot();
      adapter.detach();
      snapshots.set(name, saved);
      for (const [key, value] of Object.entries(saved.config)) if (saysSomething(value)) stated.set(key, value);
    }
  });
  afterAll(() => model.dispose());

  it.for(VARIANTS)('%s', async (name) => {
    const saved = snapshots.get(name) as AdapterSnapshot;
    const type = saved.config.peft_type as string;
    const alike = [...snapshots.values()].filter(({ config }) => config.peft_type === type);
    const own = [...COMMON, ...(IDLE[type] ?? []), ...alike.flatMap(({ config }) => Object.keys(config))];
    const foreign = [...stated].filter(([key]) => !own.includes(key));
    expect(foreign.length).toBeGreaterThan(10);
    const [before, tensors] = [output(), memory().numTensors];
    for (const [key, value] of foreign) {
      const mixed = { ...saved, config: { ...saved.config, [key]: value } };
      await expect(restore(model, mixed, FAMILIES, { name }), key).rejects.toThrow(
        `adapter_config.json asks for "${key}", which is not supported`,
      );
    }
    expect(adaptersOf(model)).toEqual([]);
    expect(memory().numTensors).toBe(tensors);
    expect(output()).toEqual(before);
  });
});
