import { SafetensorsError, writeSafetensors } from '@peftjs/safetensors';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AdapterRecord } from './adapter-record.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { loadAdapter } from './load-adapter.ts';
import { memoryFolder } from './memory-folder.ts';
import { saveAdapter } from './save-adapter.ts';

const record: AdapterRecord = {
  config: { peft_type: 'LORA', r: 1 },
  tensors: [{ key: 'base_model.model.q.lora_A.weight', shape: [1, 2], data: Float32Array.of(1, -1) }],
  provenance: { base: { name: 'base', fingerprint: 'sha256:00' } },
};
const utf8 = (text: string) => new TextEncoder().encode(text);

let files: ReadonlyMap<string, Uint8Array>;
beforeAll(async () => {
  const folder = memoryFolder();
  await saveAdapter(record, folder);
  files = folder.files;
});

/** Loads the saved folder with some files changed, or removed where null. */
function load(changes: Readonly<Record<string, Uint8Array | null>>) {
  const changed = new Map<string, Uint8Array>(files);
  for (const [name, bytes] of Object.entries(changes)) bytes ? changed.set(name, bytes) : changed.delete(name);
  return loadAdapter(memoryFolder(changed, 'out/a'));
}

describe('loadAdapter', () => {
  it('loads a folder that Python wrote, which says nothing of where it came from', async () => {
    const loaded = await load({ 'peftjs.json': null, 'README.md': null });
    expect(loaded).toEqual({ ...record, provenance: null });
  });

  it('decodes float16', async () => {
    const tensors = [{ name: 'k', dtype: 'F16', shape: [2], data: Float32Array.of(0.5, 2) } as const];
    const loaded = await load({ 'peftjs.json': null, 'adapter_model.safetensors': writeSafetensors(tensors) });
    expect(loaded.tensors).toEqual([{ key: 'k', shape: [2], data: Float32Array.of(0.5, 2) }]);
  });

  const poisoned = writeSafetensors([{ name: 'k', dtype: 'F32', shape: [1], data: Float32Array.of(Number.NaN) }]);
  const integers = writeSafetensors([{ name: 'k', dtype: 'I32', shape: [1], data: Int32Array.of(1) }]);
  it.each<[string, Readonly<Record<string, Uint8Array | null>>, string]>([
    ['no config', { 'adapter_config.json': null }, 'out/a has no adapter_config.json'],
    ['a delta', { 'adapter_config.json': null, 'delta.json': utf8('{}') }, 'it holds a delta, which is applied to'],
    ['a model', { 'adapter_config.json': null, 'config.json': utf8('{}') }, 'adapter_config.json; it holds a model'],
    ['no weights', { 'adapter_model.safetensors': null }, 'out/a has no adapter_model.safetensors'],
    [
      'a misspelt name',
      { 'adapter_model.safetensors': null, 'adapter_modal.safetensors': poisoned },
      'out/a has no adapter_model.safetensors; nearest: "adapter_modal.safetensors"',
    ],
    ['a pickle', { 'adapter_model.safetensors': null, 'adapter_model.bin': utf8('') }, 'adapter_model.bin is a pickle'],
    ['a config that is no JSON', { 'adapter_config.json': utf8('{"r":\n') }, 'out/a/adapter_config.json is not JSON'],
    ['a config with a key twice', { 'adapter_config.json': utf8('{"r":1,"r":2}') }, 'has the key "r" twice'],
    [
      'a config that is a list',
      { 'adapter_config.json': utf8('[]') },
      'out/a/adapter_config.json is not a JSON object',
    ],
    [
      'a config without a type',
      { 'adapter_config.json': utf8('{"r":1}') },
      'out/a/adapter_config.json has no peft_type',
    ],
    ['NaN', { 'peftjs.json': null, 'adapter_model.safetensors': poisoned }, 'tensor "k" holds NaN at element 0 of 1'],
    ['integers', { 'peftjs.json': null, 'adapter_model.safetensors': integers }, 'tensor "k" is I32'],
    ['a config changed since', { 'adapter_config.json': utf8('{"peft_type":"LORA"}') }, 'but peftjs.json says sha256:'],
    ['weights changed since', { 'adapter_model.safetensors': integers }, 'but peftjs.json says sha256:'],
    ['another format', { 'peftjs.json': utf8('{"format":2}') }, 'out/a/peftjs.json has format 2, this version reads 1'],
    [
      'a provenance without base',
      { 'peftjs.json': utf8('{"format":1,"provenance":{}}') },
      'without the name and fingerprint',
    ],
    ['another kind', { 'peftjs.json': utf8('{"format":1,"kind":"x"}') }, 'has the kind "x"; expected adapter, delta'],
    [
      'a parent that is no hash',
      { 'peftjs.json': utf8('{"format":1,"provenance":{"base":{"name":"","fingerprint":""},"parents":["../x"]}}') },
      'out/a/peftjs.json: parents is ["../x"]; expected a list of hashes',
    ],
    [
      'a metric that is no number',
      { 'peftjs.json': utf8('{"format":1,"provenance":{"base":{"name":"","fingerprint":""},"metrics":{"a":"1"}}}') },
      'metrics is {"a":"1"}; expected an object of numbers',
    ],
  ])('refuses %s', async (_, changes, message) => {
    const error = await load(changes).catch((caught: unknown) => caught);
    expect(error instanceof CheckpointError || error instanceof SafetensorsError).toBe(true);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it('refuses weights cut or changed at any byte', async () => {
    const weights = files.get('adapter_model.safetensors')!;
    for (let at = 0; at < weights.length; at++) {
      const flipped = weights.slice();
      flipped[at]! ^= 1;
      await expect(load({ 'adapter_model.safetensors': flipped })).rejects.toThrow('out/a/adapter_model.safetensors');
      await expect(load({ 'adapter_model.safetensors': weights.slice(0, at) })).rejects.toThrow(SafetensorsError);
    }
  });

  it('says that a folder is not there', async () => {
    await expect(loadAdapter('no/such/folder')).rejects.toThrow(
      'no/such/folder has no adapter_config.json: it is empty, or does not exist',
    );
  });
});
