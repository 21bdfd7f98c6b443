import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { contentHash, recordOf } from './folder-record.ts';
import { memoryFolder } from './memory-folder.ts';
import { encodeProvenance } from './provenance-file.ts';
import { saveAdapter } from './save-adapter.ts';

const base = { name: 'org/base', fingerprint: 'sha256:aa' };
const adapter = (r: number, story: object = {}) => ({
  config: { peft_type: 'LORA', r, base_model_name_or_path: 'org/base' },
  tensors: [{ key: 'k', shape: [1], data: Float32Array.of(1) }],
  provenance: { base, ...story },
});
const saved = async (record: ReturnType<typeof adapter>) => {
  const folder = memoryFolder([], 'a');
  await saveAdapter(record, folder);
  return folder;
};
const node = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

it('is what an adapter says of itself, and its hash that of its content', async () => {
  const folder = await saved(adapter(1, { parents: ['sha256:11'] }));
  const record = await recordOf(folder);
  expect(record).toMatchObject({ location: 'a', kind: 'adapter', base, result: null, parents: ['sha256:11'] });
  const line = (name: string) => `${JSON.stringify([name, `sha256:${node(folder.files.get(name)!)}`])}\n`;
  expect(record?.hash).toBe(`sha256:${node(line('adapter_config.json') + line('adapter_model.safetensors'))}`);
});

it('has one hash for the same content, whatever is said of it, also by Python', async () => {
  const hashOf = async (folder: Awaited<ReturnType<typeof saved>>) => (await recordOf(folder))?.hash;
  const one = await saved(adapter(1));
  const told = await saved(adapter(1, { author: 'somebody' }));
  const python = memoryFolder([...one.files].filter(([name]) => name !== 'peftjs.json'));
  expect(await hashOf(told)).toBe(await hashOf(one));
  expect(await hashOf(python)).toBe(await hashOf(one));
  expect((await recordOf(python))?.base).toEqual({ name: 'org/base', fingerprint: null });
  expect(await hashOf(await saved(adapter(2)))).not.toBe(await hashOf(one));
  expect(
    await contentHash([
      ['b', 'x'],
      ['a', 'y'],
    ]),
  ).toBe(
    await contentHash([
      ['a', 'y'],
      ['b', 'x'],
    ]),
  );
});

it('is that of a model by what it gives, and of any other folder nothing', async () => {
  const provenance = { base, result: 'sha256:bb' };
  const about = encodeProvenance({ kind: 'model', provenance, files: new Map() });
  const model = memoryFolder([['peftjs.json', about]]);
  expect(await recordOf(model)).toMatchObject({ kind: 'model', hash: null, result: 'sha256:bb' });
  expect(await recordOf(memoryFolder())).toBeNull();
});
