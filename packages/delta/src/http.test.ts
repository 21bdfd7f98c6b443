// Deltas on a static host: only what is needed is sent, and a chunk that was damaged on its way is named.
import { createKeys, httpFolder, memoryFolder, sign } from '@peftjs/checkpoint';
import { openSafetensors } from '@peftjs/safetensors';
import { expect, test } from 'vitest';
import { withStaticHost } from '../../checkpoint/test/static-server.ts';
import { model, numbers, type Tensors } from '../test/models.ts';
import { apply } from './apply.ts';
import { diff } from './diff.ts';
import { openDelta } from './open-delta.ts';
import { tunedFolder } from './tuned-model.ts';

const SIZE = 60_000;
const tensors = (shift: number): Tensors => ({
  a: { dtype: 'F32', shape: [SIZE], data: numbers(1, SIZE).map((v, i) => v + shift * Math.sin(i)) },
  b: { dtype: 'F32', shape: [SIZE], data: numbers(2, SIZE).map((v, i) => v + shift * Math.cos(i)) },
  same: { dtype: 'F32', shape: [SIZE], data: numbers(3, SIZE) },
});
const [base, tuned] = [model(tensors(0), {}, 'base'), model(tensors(1), {}, 'tuned')];
const delta = memoryFolder();
await diff(base, tuned, delta);
// A signature asks for no more: the header is checked when the file is opened, the chunks as ever.
await sign(delta, (await createKeys()).privateKey);
const file = 'delta.safetensors';

/** Where a change lies in the delta's file. */
async function placeOf(name: string): Promise<readonly [number, number]> {
  const { tensors: places } = await openSafetensors((await delta.open(file))!);
  const { begin, end } = places.get(`tensors/${name}#change.bits`)!;
  const { size } = (await delta.open(file))!;
  const data = size - Math.max(...[...places.values()].map((place) => place.end));
  return [data + begin, data + end];
}

/** Without comparing number by number, which takes long. */
const isSame = (a: ArrayBufferView | undefined, b: ArrayBufferView | undefined) => {
  const [one, other] = [a, b].map((view) => view && Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  return one !== undefined && other !== undefined && one.equals(other);
};

const onHost = (use: Parameters<typeof withStaticHost>[2], ranges = true) =>
  withStaticHost(delta.files, { ranges }, use);
const open = (url: string) => httpFolder(url, { ranges: true });

test('one tensor is one range, and one that did not change is none', async () => {
  await onHost(async (host) => {
    const { weights } = await tunedFolder(base, open(host.url));
    const opening = host.asked.length;
    await weights?.read('same');
    expect(host.asked.length).toBe(opening);
    expect(isSame(await weights?.read('b'), tensors(1).b?.data)).toBe(true);
    const [begin, end] = await placeOf('b');
    expect(end - begin).toBeGreaterThan(2 ** 16);
    expect(host.asked.slice(opening)).toEqual([{ file, range: `bytes=${begin}-${end - 1}` }]);
    expect(host.asked.every(({ range }) => range !== null)).toBe(true);
  });
});

test('a delta is applied while it comes, with ranges or without', async () => {
  for (const ranges of [true, false]) {
    await onHost(async (host) => {
      const out = memoryFolder();
      await apply(base, open(host.url), out);
      expect(isSame(out.files.get('model.safetensors'), tuned.files.get('model.safetensors'))).toBe(true);
    }, ranges);
  }
});

test('a base on a host is read by ranges, too', async () => {
  await withStaticHost(base.files, {}, async (host) => {
    const { weights } = await tunedFolder(open(host.url), delta);
    expect(isSame(await weights?.read('a'), tensors(1).a?.data)).toBe(true);
    const bytes = host.asked.map(
      ({ range }) =>
        /=(\d+)-(\d+)/
          .exec(range ?? '')
          ?.slice(1)
          .map(Number) ?? [],
    );
    expect(bytes.every(([from = 0, to = Number.POSITIVE_INFINITY]) => to - from < 4 * SIZE)).toBe(true);
  });
});

test('a chunk that was flipped is named, and nothing is written', async () => {
  const [begin] = await placeOf('b');
  const bytes = (delta.files.get(file) as Uint8Array).slice();
  bytes[begin + 70_000] = (bytes[begin + 70_000] as number) ^ 4;
  await onHost(async (host) => {
    host.files = new Map([...delta.files, [file, bytes]]);
    const out = memoryFolder();
    await expect(apply(base, open(host.url), out)).rejects.toThrow(
      /delta\.safetensors: chunk 0 of "tensors\/b#change\.bits" has the SHA-256 .* it is damaged$/,
    );
    expect(out.files.size).toBe(0);
  });
});

test('opening reads the manifest, what it says of itself and the headers, whatever the changes weigh', async () => {
  await onHost(async (host) => {
    expect((await openDelta(open(host.url))).manifest.tensors.size).toBe(3);
    const asked = ['peftjs.sig.json', 'delta.json', 'delta.safetensors', 'peftjs.json'];
    expect(host.asked).toEqual(asked.map((one) => ({ file: one, range: 'bytes=0-65535' })));
  });
});
