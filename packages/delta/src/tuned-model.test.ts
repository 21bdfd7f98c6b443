import { fingerprintWeights, memoryFolder } from '@peftjs/checkpoint';
import { openSafetensors } from '@peftjs/safetensors';
import { describe, expect, it } from 'vitest';
import { model, numbers, pair } from '../test/models.ts';
import { diff } from './diff.ts';
import { tunedFolder } from './tuned-model.ts';

const { base, tuned } = pair();
const delta = memoryFolder([], 'd');
const { manifest } = await diff(base, tuned, delta);

describe('tunedFolder', () => {
  it('reads as the tuned model, and nothing is written', async () => {
    const folder = await tunedFolder(base, delta);
    const file = await openSafetensors((await tuned.open('model.safetensors'))!);
    expect([...(await folder.list())].sort()).toEqual(['config.json', 'new.json', 'tokenizer.json']);
    for (const name of await folder.list()) {
      const [found, wanted] = [(await folder.open(name))!, (await tuned.open(name))!];
      expect(await found.read(0, found.size)).toEqual(await wanted.read(0, wanted.size));
    }
    expect(await folder.open('old.json')).toBeNull();
    const weights = folder.weights!;
    expect([...weights.tensors.keys()].sort()).toEqual([...file.tensors.keys()].sort());
    for (const name of file.tensors.keys()) expect(await weights.read(name)).toEqual(await file.read(name));
    expect(await weights.readFloat32('a.weight', 8, 24)).toEqual(await file.readFloat32('a.weight', 8, 24));
    expect(await fingerprintWeights(weights)).toBe(manifest.tuned.fingerprint);
  });

  it('refuses another base, by its tensors or when they are read', async () => {
    const other = { w: { dtype: 'F32', shape: [2], data: numbers(9, 2) } } as const;
    await expect(tunedFolder(model(other, {}, 'other'), delta)).rejects.toThrow(
      /^\[peftjs\/delta\] d was made for "base" \(sha256:.*\), other has no ".*"; give the base it was made for$/,
    );
    const bytes = base.files.get('model.safetensors')!.slice();
    const { tensors } = await openSafetensors((await base.open('model.safetensors'))!);
    const end = (name: string) => tensors.get(name)!.end - Math.max(...[...tensors.values()].map((one) => one.end));
    bytes[bytes.length + end('kept.weight') - 1]! ^= 1;
    const changed = memoryFolder([...base.files, ['model.safetensors', bytes]], 'changed');
    const { weights } = await tunedFolder(changed, delta);
    const reads = await Promise.allSettled([...weights!.tensors.keys()].map((name) => weights!.read(name)));
    const faults = reads.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    expect(faults).toEqual([
      expect.stringMatching(/was made for "base" \(sha256:.*\), changed has sha256:.*: "kept.weight" differs; give/),
    ]);
  });
});
