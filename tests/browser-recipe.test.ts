// recipes/browser in Node, in a page with an import map, and in a worker from Vite, in Chromium: the same numbers, resumed
// after a reload, and nothing asked of the network while it trains.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wasm } from '@peftjs/backend-wasm';
import { diskFolder, memoryFolder } from '@peftjs/checkpoint';
import { type Browser, chromium, type Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEXTS } from '../recipes/browser/texts.mjs';
import { trainNotes } from '../recipes/browser/train-notes.mjs';
import { CHROMIUM_FLAGS, findChromium } from '../scripts/chromium.mjs';
import { node, run } from '../scripts/run.mjs';
import { type PageServer, servePages } from './page-server.ts';

const root = join(import.meta.dirname, '..');
const executablePath = findChromium();
const STEPS = 8;

interface Event {
  readonly type: string;
  readonly step?: number;
  readonly loss?: number;
  readonly backend?: string;
  readonly sha256?: string;
  readonly message?: string;
}

describe.skipIf(executablePath === null)('the recipe that runs in Node and in a tab', { timeout: 240_000 }, () => {
  let server: PageServer;
  let browser: Browser;
  let site: string;

  beforeAll(async () => {
    const built = await run(node('scripts/build.mjs'));
    if (built.code !== 0) throw new Error(built.output);
    site = mkdtempSync(join(tmpdir(), 'peftjs-site-'));
    const recipe = join(root, 'recipes/browser/with-vite');
    await build({
      configFile: join(recipe, 'vite.config.mjs'),
      root: recipe,
      logLevel: 'silent',
      build: { outDir: site, emptyOutDir: true },
    });
    server = await servePages([site, root]);
    browser = await chromium.launch({ executablePath: executablePath!, args: [...CHROMIUM_FLAGS] });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(site, { recursive: true, force: true });
  });

  /** A page of a profile of its own, with all that it asks of the network. */
  async function open(path: string): Promise<{ page: Page; requests: string[] }> {
    const page = await (await browser.newContext()).newPage();
    const requests: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith('blob:')) requests.push(request.url());
    });
    await page.goto(server.origin + path);
    return { page, requests };
  }
  const eventsOf = async (page: Page): Promise<readonly Event[]> =>
    ((await page.locator('#log').textContent()) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  /** Waits for a line of the log; a line that tells of an error ends the test. */
  async function until(page: Page, what: string, timeout = 50_000): Promise<void> {
    const failed = page.locator('#log', { hasText: '"type":"error"' });
    await page.locator('#log', { hasText: what }).or(failed).waitFor({ timeout });
    expect((await eventsOf(page)).find(({ type }) => type === 'error')?.message).toBeUndefined();
  }
  async function train(page: Page, timeout?: number): Promise<readonly Event[]> {
    await page.locator('#start:enabled').click({ timeout: 120_000 });
    await until(page, '"type":"adapter"', timeout);
    return eventsOf(page);
  }
  const lossesOf = (events: readonly Event[]): readonly number[] =>
    events.filter(({ type }) => type === 'step').map(({ loss }) => loss!);
  const hashOf = (events: readonly Event[]): string | undefined => events.at(-1)?.sha256;

  async function inNode(): Promise<readonly number[]> {
    const places = { backends: [wasm()], model: diskFolder(join(root, 'models/sotu-3m')) };
    const events: Event[] = [];
    const notes = { texts: TEXTS, steps: STEPS };
    for await (const event of trainNotes(notes, { ...places, run: memoryFolder(), out: memoryFolder() })) {
      events.push(event);
    }
    return lossesOf(events);
  }
  function expectClose(found: readonly number[], expected: readonly number[]): void {
    expect(found.length).toBe(expected.length);
    for (const [i, loss] of found.entries()) expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-3 * expected[i]!);
  }

  it('gives in every place the losses that it gives in Node', async () => {
    const expected = await inNode();
    expect(expected.length).toBe(STEPS);
    expect(expected.at(-1)!).toBeLessThan(expected[0]!);
    // WebGPU computes on the CPU here: three steps of it are enough.
    const places = [
      { place: '/recipes/browser/with-import-map/', backend: 'wasm', steps: STEPS },
      { place: '/?backend=wasm', backend: 'wasm', steps: STEPS },
      { place: '/?backend=webgpu&steps=3', backend: 'webgpu', steps: 3 },
    ];
    for (const { place, backend, steps } of places) {
      const { page } = await open(place);
      const events = await train(page, 200_000);
      expect(events[0]?.backend, place).toBe(backend);
      expectClose(lossesOf(events), expected.slice(0, steps));
      await page.context().close();
    }
  }, 240_000);

  it.each(['indexeddb', 'opfs'])(
    'goes on after a reload with the numbers of a run never cut, from %s',
    async (store) => {
      const whole = await open(`/?backend=wasm&store=${store}`);
      const expected = await train(whole.page);
      const cut = await open(`/?backend=wasm&store=${store}`);
      await cut.page.locator('#start:enabled').click();
      await until(cut.page, '"step":5');
      await cut.page.reload();
      const resumed = await train(cut.page);
      const at = resumed.find(({ type }) => type === 'resumed')!.step!;
      expect(at).toBeGreaterThanOrEqual(4);
      expect(at).toBeLessThanOrEqual(STEPS);
      expect(lossesOf(resumed)).toEqual(lossesOf(expected).slice(at));
      expect(hashOf(resumed)).toMatch(/^[0-9a-f]{64}$/);
      expect(hashOf(resumed)).toBe(hashOf(expected));
      for (const { page } of [whole, cut]) await page.context().close();
    },
  );

  it('asks nothing of the network once it trains', async () => {
    const { page, requests } = await open('/?backend=wasm');
    await page.locator('#start:enabled').click({ timeout: 120_000 });
    await until(page, '"type":"step"');
    expect(requests.some((url) => url.endsWith('model.safetensors'))).toBe(true);
    const before = requests.length;
    await until(page, '"type":"adapter"');
    expect(requests.slice(before)).toEqual([]);
    // The ear is not deaf: what a page asks for is heard.
    await page.evaluate(() => fetch('/heard').catch(() => {}));
    expect(requests.slice(before)).toEqual([`${server.origin}/heard`]);
    await page.context().close();
  });
});
