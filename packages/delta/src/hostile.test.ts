// Deltas that are damaged, or made to do harm: an error that names what is wrong, and nothing written.
import { memoryFolder } from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { model, numbers, pair, type Tensors, text } from '../test/models.ts';
import { apply, undo } from './apply.ts';
import { diff } from './diff.ts';
import { digestOf } from './manifest.ts';
import { verify } from './verify.ts';

// biome-ignore lint/suspicious/noExplicitAny: what hostile files are made of
type Json = Record<string, any>;

const { base, tuned } = pair();
const files = await (async () => {
  const folder = memoryFolder();
  await diff(base, tuned, folder);
  // Whoever changes the manifest leaves out what speaks of it.
  return new Map([...folder.files].filter(([name]) => name !== 'peftjs.json'));
})();

/** The delta with other content of a file. */
function changed(name: string, make: (bytes: Uint8Array) => Uint8Array | null) {
  const others = [...files].filter(([one]) => one !== name);
  const bytes = make(files.get(name) as Uint8Array);
  return memoryFolder(bytes === null ? others : [...others, [name, bytes]], 'd');
}

/** The delta with another manifest, whose digest is right again. */
async function withManifest(edit: (json: Json) => void) {
  const json = JSON.parse(new TextDecoder().decode(files.get('delta.json')));
  edit(json);
  const digest = await digestOf(json);
  return changed('delta.json', () => text(JSON.stringify({ ...json, digest })));
}

/** What applying says; it must write nothing. */
async function fault(delta: ReturnType<typeof memoryFolder>): Promise<string> {
  const out = memoryFolder([], 'out');
  const error = await apply(base, delta, out).then(
    () => null,
    (caught: Error) => caught,
  );
  expect(out.files.size).toBe(0);
  expect(error).not.toBeNull();
  return error?.message as string;
}

describe('a manifest from elsewhere', () => {
  const A = 'a.weight';
  it.each<[string, (json: Json) => void, string]>([
    [
      'an older version',
      (j) => (j.format = 2),
      'd/delta.json has format "2", this version reads 3; make the delta again',
    ],
    ['a later version', (j) => (j.format = 4), 'd/delta.json has format "4", this version reads 3; update peftjs'],
    [
      'a path in a shard',
      (j) => (j.shards = ['../x.safetensors']),
      'd/delta.json: shards: "../x.safetensors" is no name of',
    ],
    [
      'a shard that is missing',
      (j) => (j.shards = ['x.safetensors']),
      'd has no "x.safetensors", which delta.json names',
    ],
    ['a shard twice', (j) => (j.shards = [j.shards[0], j.shards[0]]), 'd/delta.json: shards names a file twice'],
    ['no shard', (j) => (j.shards = []), 'which is not stored'],
    [
      'a path of a file',
      (j) => (j.files['../../etc/x'] = j.files['config.json']),
      'file "../../etc/x" is no name of a file',
    ],
    [
      'weights as a file',
      (j) => (j.files['model.safetensors'] = j.files['config.json']),
      'is no name of a file beside',
    ],
    ['a negative size', (j) => (j.tensors[A].after.shape = [-6, -8]), 'tensor "a.weight": after: shape has "-6"'],
    ['a size beyond all', (j) => (j.tensors[A].after.shape = [2 ** 40, 2 ** 40]), 'is no whole number of bytes'],
    [
      'a large tensor',
      (j) => (j.tensors[A].before.shape = j.tensors[A].after.shape = [2 ** 40]),
      'its tensors have sha256:',
    ],
    ['an unknown dtype', (j) => (j.tensors[A].after.dtype = 'F12'), 'dtype is "F12"; expected one of BOOL'],
    ['a hash that is none', (j) => (j.tensors[A].after.sha256 = 'x'), 'sha256 is "x"; expected a SHA-256'],
    ['another hash', (j) => (j.tensors[A].after.sha256 = '0'.repeat(64)), 'gives its tuned the fingerprint sha256:'],
    [
      'an unknown codec',
      (j) => (j.tensors[A].payloads.change.codec = 'exakt'),
      'tensor "a.weight" was stored by the codec "exakt", which is not among those given (exact); nearest: "exact"',
    ],
    [
      'chunks of another length',
      (j) => (j.tensors[A].payloads.change.parts.bits[0].bytes += 1),
      'the chunks of "tensors/a.weight#change.bits" have',
    ],
    [
      'a chunk size of zero',
      (j) => (j.tensors[A].payloads.change.meta.chunk_bytes = 0),
      'tensor "a.weight": chunk_bytes is 0; expected a multiple of 8',
    ],
    [
      'other chunk counts',
      (j) => (j.tensors[A].payloads.change.meta.chunk_bytes = 8),
      '96 bytes in chunks of 8 need 12 of them, 1 are stored',
    ],
    ['a part of no name', (j) => (j.tensors[A].payloads.change.parts['../x'] = []), '"../x" is no name of a part'],
    [
      'no part',
      (j) => (j.tensors[A].payloads.change.parts = {}),
      'holds "tensors/a.weight#change.bits", which d/delta.json does not name',
    ],
    ['no change', (j) => delete j.tensors[A].payloads, 'has no change from before to after'],
    ['a change of nothing', (j) => (j.tensors[A].after = null), 'has a change between different kinds'],
    [
      'an unknown payload',
      (j) => (j.tensors[A].payloads.more = j.tensors[A].payloads.change),
      'has the payload "more"',
    ],
    ['a list in place of an object', (j) => (j.tensors = []), 'tensors is "[]"; expected an object'],
    ['another fingerprint', (j) => (j.base.fingerprint = `sha256:${'0'.repeat(64)}`), 'gives its base the fingerprint'],
    ['an error that is none', (j) => (j.tensors[A].payloads.change.error = -1), 'error is "-1"; expected a number'],
  ])('with %s', async (_, edit, message) => {
    expect(await fault(await withManifest(edit))).toContain(message);
  });

  it('that was changed by hand', async () => {
    const renamed = (bytes: Uint8Array) =>
      text(new TextDecoder().decode(bytes).replace('"format": "pt"', '"format": "tf"'));
    expect(await fault(changed('delta.json', renamed))).toContain(
      'which is not that of its content: it was changed or damaged',
    );
  });

  it('that is no JSON, or is missing', async () => {
    expect(await fault(changed('delta.json', () => text('{')))).toContain('d/delta.json is not JSON');
    expect(await fault(changed('delta.json', () => null))).toBe(
      '[peftjs/delta] d has no delta.json; it holds no delta',
    );
    expect(await fault(memoryFolder([], 'd'))).toBe(
      '[peftjs/delta] d has no delta.json: it is empty, or does not exist',
    );
  });
});

describe('a wrong model', () => {
  const other: Tensors = { w: { dtype: 'F32', shape: [2], data: numbers(9, 2) } };

  it('is refused with both fingerprints', async () => {
    const delta = memoryFolder(files, 'd');
    const sha = '(sha256:[0-9a-f]{64})';
    await expect(apply(model(other, {}, 'other'), delta, memoryFolder())).rejects.toThrow(
      new RegExp(
        `^\\[peftjs/delta\\] d was made for "base" \\(${sha}\\), other has ${sha}: "w" differs; give the base it was made for$`,
      ),
    );
    await expect(undo(base, delta, memoryFolder())).rejects.toThrow(
      new RegExp(
        `^\\[peftjs/delta\\] d was made of "tuned" \\(${sha}\\), base has ${sha}: ".*" differs; give the tuned model it was made of$`,
      ),
    );
    await expect(verify(delta, { base: tuned })).rejects.toThrow('d was made for "base"');
  });

  it('is refused for a file that is missing or another', async () => {
    const delta = memoryFolder(files, 'd');
    const without = memoryFolder(
      [...base.files].filter(([name]) => name !== 'config.json'),
      'base',
    );
    await expect(apply(without, delta, memoryFolder())).rejects.toThrow(
      'base has no "config.json", which d was made with',
    );
    const foreign = memoryFolder([...base.files, ['tokenizer.json', text('[]')]], 'base');
    await expect(apply(foreign, delta, memoryFolder())).rejects.toThrow(
      'file "tokenizer.json" comes out with the SHA-256',
    );
  });
});

describe('damage', () => {
  /** The same numbers in every run. */
  function* draws(seed: number): Generator<number, never> {
    let state = seed;
    for (;;) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      yield state / 2 ** 32;
    }
  }

  /** A byte changed, a bit flipped, a stretch cut out, the end cut off, or bytes put in. */
  function mutate(bytes: Uint8Array, draw: () => number): Uint8Array {
    const at = Math.floor(draw() * bytes.length);
    const kind = Math.floor(draw() * 5);
    const count = 1 + Math.floor(draw() * 8);
    if (kind === 0) return bytes.map((b, i) => (i === at ? b ^ (1 << Math.floor(draw() * 8)) : b));
    if (kind === 1) return bytes.map((b, i) => (i === at ? Math.floor(draw() * 256) : b));
    if (kind === 2) return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + count));
    if (kind === 3) return bytes.slice(0, at);
    return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(0, count), ...bytes.subarray(at));
  }

  it('of any kind in 10,000 files never gives another model', async () => {
    const w = numbers(1, 4);
    const one = (shift: number): Tensors => ({
      w: { dtype: 'F16', shape: [4], data: w.map((v) => v + shift) },
      x: { dtype: 'U8', shape: [1], data: Uint8Array.of(shift) },
    });
    const [from, to] = [model(one(0)), model(one(1))];
    const whole = memoryFolder();
    await diff(from, to, whole);
    const stream = draws(1);
    const draw = () => stream.next().value;
    let refused = 0;
    for (let i = 0; i < 10_000; i++) {
      const name = i % 2 === 0 ? 'delta.json' : 'delta.safetensors';
      const mutated = mutate(whole.files.get(name) as Uint8Array, draw);
      const out = memoryFolder();
      const delta = memoryFolder([...whole.files, [name, mutated]], 'd');
      const error = await apply(from, delta, out).then(
        () => null,
        (caught: Error) => caught,
      );
      if (error === null) expect(out.files.get('model.safetensors')).toEqual(to.files.get('model.safetensors'));
      else {
        refused += 1;
        expect(['DeltaError', 'CheckpointError', 'SafetensorsError'], error.stack).toContain(error.name);
        expect(error.message).toMatch(/^\[peftjs\/\w+\] \S.*$/);
        expect(out.files.size).toBe(0);
      }
    }
    expect(refused).toBeGreaterThan(8000);
  });
});
