import { openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { expect, test } from 'vitest';
import { withStaticHost } from '../test/static-server.ts';
import { httpFolder } from './http-folder.ts';

const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => i);
const bytes = writeSafetensors(
  ['a', 'b', 'c'].map((name, i) => ({ name, dtype: 'F32', shape: [40_000], data: numbers(40_000).map((v) => v + i) })),
);
const files = new Map([
  ['model.safetensors', bytes],
  ['small.json', new TextEncoder().encode('{}')],
  ['empty', new Uint8Array(0)],
]);
const open = async (url: string, name = 'model.safetensors') => {
  const source = await httpFolder(url, { ranges: true }).open(name);
  if (source === null) throw new Error('missing');
  return source;
};

test('only what is asked for is sent', async () => {
  await withStaticHost(files, {}, async (host) => {
    const file = await openSafetensors(await open(host.url));
    const read = await file.readFloat32('b');
    expect(read.every((v, i) => v === i + 1)).toBe(true);
    const data = bytes.length - 480_000;
    expect(host.asked.map(({ range }) => range)).toEqual([
      'bytes=0-65535',
      `bytes=${data + 160_000}-${data + 319_999}`,
    ]);
    // Small neighbors come together, what is there is not asked for again, and nothing is asked for beyond the end.
    const source = await open(host.url);
    const before = host.asked.length;
    for (const at of [100_000, 100_100, 165_000])
      expect(await source.read(at, at + 100)).toEqual(bytes.slice(at, at + 100));
    expect(await source.read(bytes.length - 4, bytes.length)).toEqual(bytes.slice(-4));
    expect(host.asked.slice(before).map(({ range }) => range)).toEqual([
      'bytes=100000-165535',
      `bytes=${bytes.length - 4}-${bytes.length - 1}`,
    ]);
    expect((await open(host.url, 'small.json')).size).toBe(2);
    expect((await open(host.url, 'empty')).size).toBe(0);
    expect(await httpFolder(host.url, { ranges: true }).open('none')).toBeNull();
  });
});

test('a server without ranges sends files whole', async () => {
  await withStaticHost(files, { ranges: false }, async (host) => {
    const source = await open(host.url);
    expect(await source.read(5, 9)).toEqual(bytes.slice(5, 9));
    expect(await source.read(400_000, 400_100)).toEqual(bytes.slice(400_000, 400_100));
    expect(host.asked).toEqual([{ file: 'model.safetensors', range: 'bytes=0-65535' }]);
  });
});

test('a file that changes while it is read is an error', async () => {
  await withStaticHost(files, {}, async (host) => {
    const source = await open(host.url);
    host.files = new Map([['model.safetensors', bytes.map((b, i) => (i === 300_000 ? b ^ 1 : b))]]);
    await expect(source.read(200_000, 400_000)).rejects.toThrow('model.safetensors has changed while it was read');
  });
});

/** A server that gives this in answer to the first request and to those that follow. */
const answering = (...answers: readonly (() => Response)[]) => {
  let at = 0;
  return httpFolder('http://host', {
    ranges: true,
    fetch: async () => (answers[Math.min(at++, answers.length - 1)] as () => Response)(),
  }).open('f');
};
const part =
  (range: string | null, length: number, more: Readonly<Record<string, string>> = {}) =>
  () =>
    new Response(new Uint8Array(length), {
      status: 206,
      headers: { ...(range && { 'content-range': range }), ...more },
    });

test('an answer that is not what was asked for is an error that says so', async () => {
  await expect(answering(part(null, 9))).rejects.toThrow('does not say which; from another origin it must allow it');
  await expect(answering(part('bytes 0-8/*', 9))).rejects.toThrow('a part that cannot be read (bytes 0-8/*');
  await expect(answering(part('bytes 0-8/9', 9, { 'content-encoding': 'gzip' }))).rejects.toThrow('gzip');
  await expect(answering(() => new Response(null, { status: 416 }))).rejects.toThrow('the server answered 416');
  const first = part('bytes 0-65535/200000', 65_536);
  const then = async (answer: () => Response) => (await answering(first, answer))?.read(100_000, 180_000);
  await expect(then(part('bytes 0-79999/200000', 80_000))).rejects.toThrow(
    'http://host/f: bytes 100000 to 180000 of 200000 were asked for, the server sent 0 to 80000 of 200000',
  );
  await expect(then(part('bytes 100000-179999/200000', 7))).rejects.toThrow('100000 to 180000 were asked for, 7 came');
  await expect(then(() => new Response(null, { status: 503 }))).rejects.toThrow('the server answered 503');
});
