// The most memory that `peftjs quantize` has, as the operating system counts it: what it is more for a model of more layers.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

const script = new URL('../../test/run-from-source.mjs', import.meta.url).pathname;
const loader = new URL('../../test/source-loader.mjs', import.meta.url).href;
const SHAPE = { hidden_size: 256, intermediate_size: 1024, head_dim: 128 };
const [FEW, MANY] = [2, 10];
/** Bytes in float32 of the layers that there are more: in each q and o of 256 x 256, k and v of half of that, and three of 256 x 1024. */
const MORE = 4 * (MANY - FEW) * (3 * 256 ** 2 + 3 * 256 * 1024);

/** Garbage is no memory that the command needs: it is collected as it falls due, and the peak is said at the end. */
const SAY = `data:text/javascript,
setInterval(gc, 100).unref();
process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS));`;
/** With these glibc gives freed buffers back at once, and what is counted is what is held. */
const PROMPT_FREE = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_ARENA_MAX: '1' };

let places: readonly Workplace[];
beforeAll(async () => {
  places = [
    await makeWorkplace(1, { ...SHAPE, num_hidden_layers: FEW }),
    await makeWorkplace(1, { ...SHAPE, num_hidden_layers: MANY }),
  ];
}, 60_000);
afterAll(() => {
  for (const place of places) place.remove();
});

async function peak({ model, path }: Workplace, weights: string): Promise<number> {
  const node = [
    '--expose-gc',
    '--max-semi-space-size=1',
    '--conditions=peftjs-source',
    '--import',
    loader,
    '--import',
    SAY,
  ];
  const args = ['quantize', '--model', model, '--weights', weights, '--out', path(weights)];
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [...node, script, ...args, '--backend', 'wasm', '--threads', '1'],
    { env: { ...process.env, ...PROMPT_FREE } },
  );
  return 1024 * Number(/peak (\d+)/.exec(stderr)?.[1]);
}

test('what more layers take is far less than their numbers in float32', async () => {
  const [few, many] = await Promise.all(places.map((place) => peak(place, 'nf4-double')));
  const more = (many as number) - (few as number);
  // Codes are an eighth of it. What wasm's memory grows by at once, and what is being written, come on top.
  expect(more).toBeLessThan((2 / 3) * MORE);
});
