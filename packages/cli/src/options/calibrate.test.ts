// Codes that are fitted to a text, in the commands that take them.
import { cpSync, writeFileSync } from 'node:fs';
import { recordOf } from '@peftjs/checkpoint';
import { expect, test } from 'vitest';
import { peftjs } from '../../test/command-line.ts';
import { lossOf, place, ran, useFewBitsPlace } from '../../test/few-bits-place.ts';

useFewBitsPlace();

const fitted = () => ['--weights', 'nf4', '--calibrate', place.data];

test('fits the scales to a text, alike in every command, and in a folder', async () => {
  const [plain, loss] = [await lossOf('--weights', 'nf4'), await lossOf(...fitted())];
  expect(loss).not.toBe(plain);
  expect(await lossOf(...fitted())).toBe(loss);
  const adapter = place.path('over-fitted');
  const how = ['--steps', '2', '--length', '8', '--rank', '2', '--learning-rate', '0.02'];
  await ran('train', '--data', place.data, '--out', adapter, ...how, ...fitted());
  expect(await lossOf(...fitted(), '--adapter', adapter)).not.toBe(loss);
  const out = place.path('fitted');
  await ran('quantize', ...fitted(), '--out', out);
  // A folder's embeddings are numbers.
  const folder = await lossOf('--model', out, '--weights', 'as-stored');
  await ran('quantize', '--weights', 'nf4', '--out', place.path('plain'));
  expect(folder).not.toBe(await lossOf('--model', place.path('plain'), '--weights', 'as-stored'));
});

test('is in a record by what the text says, wherever it lies', async () => {
  const [adapter, out, elsewhere] = ['recorded', 'coded', 'moved.jsonl'].map((name) => place.path(name)) as [
    string,
    string,
    string,
  ];
  cpSync(place.data, elsewhere);
  await ran('quantize', ...fitted(), '--weights-group', '32', '--out', out);
  await ran('train', '--data', place.data, '--out', adapter, '--steps', '1', '--length', '8', ...fitted());
  const recorded = await Promise.all([adapter, out].map(async (folder) => (await recordOf(folder))?.provenance));
  const [trained, coded] = recorded.map((provenance) => provenance?.recipe);
  expect(coded).toMatchObject({ weights: 'nf4', 'weights-group': 32, calibrate: recorded[0]?.data });
  expect(trained).toMatchObject({ weights: 'nf4', calibrate: recorded[0]?.data });
  const note = async (text: string) => {
    const how = [
      '--adapter',
      adapter,
      '--prompt',
      'The',
      '--max-new-tokens',
      '1',
      '--weights',
      'nf4',
      '--backend',
      'wasm',
    ];
    return (await peftjs(['generate', '--model', place.model, ...how, '--calibrate', text])).stderr;
  };
  expect(await note(elsewhere)).not.toMatch(/^note/m);
  writeFileSync(elsewhere, '{"text":"The state of the union."}\n');
  expect(await note(elsewhere)).toMatch(
    /^note .* over --weights nf4 --calibrate sha256:\w{8}, and this is --weights nf4 --calibrate sha256:/m,
  );
});

test.each(['int4', 'int4-asymmetric', 'nf4-double'])('by squares and by products of inputs, in %s', async (weights) => {
  const by = ['--weights', weights, '--calibrate', place.data, '--calibrate-by'];
  const losses = [
    await lossOf('--weights', weights),
    await lossOf(...by, 'squares'),
    await lossOf(...by, 'products'),
    await lossOf('--weights', weights, '--calibrate', place.data),
  ];
  expect(new Set(losses).size).toBe(3);
  expect(losses[3]).toBe(losses[1]);
});

test('says of how many tokens products are, where those are few', async () => {
  const on = ['eval', '--model', place.model, '--data', place.data, '--sequences', '1', '--backend', 'wasm'];
  const said = async (by: string) => (await peftjs([...on, ...fitted(), '--calibrate-by', by])).stdout;
  expect(await said('products')).toMatch(/^fitted {3}to \d+ tokens of .*data\.jsonl; products of inputs want 640$/m);
  expect(await said('squares')).toMatch(/^fitted {3}to \d+ tokens of .*data\.jsonl$/m);
});

test.each([
  [
    ['--weights', 'int8'],
    /--calibrate is for --weights int4 or int4-asymmetric or nf4 or nf4-double or fp4, not int8; leave it out/,
  ],
  [[], /not f32; leave it out/],
])('is refused with %o', async (weights, message) => {
  const args = ['eval', '--model', place.model, '--data', place.data, '--calibrate', place.data, ...weights];
  expect(await peftjs([...args, '--backend', 'wasm'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(message),
  });
});

test('names what is written in its codes, where a folder is', async () => {
  const args = ['quantize', '--model', place.model, '--out', place.path('none'), '--calibrate', place.data];
  expect((await peftjs([...args, '--weights', 'int8'])).stderr).toContain(
    '--calibrate is for --weights nf4 or nf4-double or fp4, not int8',
  );
});

test('is missing where it is said how', async () => {
  const args = ['eval', '--model', place.model, '--data', place.data, '--weights', 'nf4', '--calibrate-by', 'squares'];
  expect((await peftjs(args)).stderr).toContain('--calibrate PATH is missing');
});

test('trains the scales, and records for how long', async () => {
  const folders = ['1', '40'].map((steps) => ({ steps, out: place.path(`trained-${steps}`) }));
  const found: string[] = [];
  for (const { steps, out } of folders) {
    const args = ['quantize', '--model', place.model, ...fitted(), '--calibrate-steps', steps, '--out', out];
    const { code, stdout, stderr } = await peftjs([...args, '--backend', 'wasm']);
    expect([code, stderr]).toEqual([0, '']);
    found.push(stdout);
    expect((await recordOf(out))?.provenance?.recipe).toMatchObject({ 'calibrate-steps': Number(steps) });
  }
  const [once, often] = found.map((stdout) => {
    const said = /^trained {2}the scales: (\S+) nats a token from what the model in full says, (\S+) at first$/m.exec(
      stdout,
    );
    return said?.slice(1).map(Number);
  }) as [number[], number[]];
  expect(once[0]).toBe(once[1]);
  expect(often[1]).toBe(once[1]);
  expect(often[0]).toBeLessThan(0.9 * (often[1] as number));
  const losses = await Promise.all(folders.map(({ out }) => lossOf('--model', out, '--weights', 'as-stored')));
  expect(losses[0]).not.toBe(losses[1]);
});

test('trains no scales without a text', async () => {
  const args = ['quantize', '--model', place.model, '--calibrate-steps', '2', '--out', place.path('no-text')];
  expect(await peftjs(args)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--calibrate-steps trains scales on the text of --calibrate PATH, which is missing/),
  });
});
