// Ed25519 and the hashes of a browser: what is signed there loads there, and nothing else.
import { expect, it } from 'vitest';
import { loadAdapter } from './load-adapter.ts';
import { memoryFolder } from './memory-folder.ts';
import { saveAdapter } from './save-adapter.ts';
import { sign, verifySignature } from './signed-folder.ts';
import { createKeys } from './signing-keys.ts';

const record = {
  config: { peft_type: 'LORA', r: 1 },
  tensors: [{ key: 'k', shape: [2], data: Float32Array.of(1, 2) }],
  provenance: { base: { name: 'base', fingerprint: 'sha256:00' } },
};

/** Of nobody here: the public key of the first test vector in RFC 8032. */
const KEY = 'ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

it('signs, and loads what was signed and nothing else', async () => {
  const folder = memoryFolder([], 'a');
  await saveAdapter(record, folder);
  const { privateKey, publicKey } = await createKeys();
  expect(await sign(folder, privateKey)).toBe(publicKey);
  expect(await loadAdapter(folder, { trusted: [publicKey] })).toEqual(record);
  expect((await verifySignature(folder))?.key).toBe(publicKey);
  await expect(loadAdapter(folder, { trusted: [KEY] })).rejects.toThrow(`a was signed by ${publicKey}, and`);
  const weights = folder.files.get('adapter_model.safetensors')!.map((byte, i) => (i === 70 ? byte ^ 1 : byte));
  const other = memoryFolder([...folder.files, ['adapter_model.safetensors', weights]], 'a');
  await expect(loadAdapter(other)).rejects.toThrow('it was changed or damaged');
});
