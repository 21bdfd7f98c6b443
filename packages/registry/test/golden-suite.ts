// The golden registry, from a disk or a host, into any cache: what was signed and published once is listed and pulled.
import { loadAdapter } from '@peftjs/checkpoint';
import { expect } from 'vitest';
import { listReleases } from '../src/open-registry.ts';
import { pull } from '../src/pull.ts';
import type { RegistryCache } from '../src/registry-cache.ts';

export const NOTES = {
  config: { peft_type: 'LORA', r: 1 },
  tensors: [{ key: 'k', shape: [2], data: Float32Array.of(1, 2) }],
  provenance: { base: { name: 'org/base', fingerprint: `sha256:${'ab'.repeat(32)}` } },
};

/** Of nobody here: the public keys of the first two test vectors in RFC 8032. */
const [KEY, OTHER] = [
  'ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  'ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=',
] as const;

export async function expectGolden(where: string, cache: RegistryCache): Promise<void> {
  const { releases } = await listReleases(where, { cache });
  expect(releases).toMatchObject([{ name: 'notes', version: '1', metrics: { loss: 0.5 }, license: 'cc0-1.0' }]);
  await expect(pull(where, 'notes', { cache, trusted: [OTHER] })).rejects.toThrow(`notes@1 was published by ${KEY}`);
  const trusted = [KEY];
  const { folder, fetched } = await pull(where, 'notes', { cache, trusted });
  expect(fetched).toBe(true);
  expect(await loadAdapter(folder, { trusted })).toMatchObject(NOTES);
  expect(await pull(where, 'notes', { cache, trusted, offline: true })).toMatchObject({ fetched: false });
}
