// The playground of the docs in Chromium: it trains, goes on after a reload with the same numbers, asks nothing of the network
// meanwhile, and its adapter is one for Python's PEFT. Only this page of the site is built, from the packages' sources.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { diskFolder, loadAdapter } from '@peftjs/checkpoint';
import { restore } from '@peftjs/core';
import { readLora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { memorySource, openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { unzipSync } from 'fflate';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../docs/playground/run-record.ts';
import { findPython } from '../packages/safetensors/test/python.ts';
import { CHROMIUM_FLAGS, findChromium } from '../scripts/chromium.mjs';
import { node, run } from '../scripts/run.mjs';
import { type PageServer, servePages } from './page-server.ts';

const root = join(import.meta.dirname, '..');
const MODEL = join(root, 'models/sotu-3m');
const executablePath = findChromium();
const python = findPython('torch', 'peft', 'transformers', 'safetensors');
const STEPS = 20;
/** For what trains: it says that nothing happens any more, not how long it takes. */
const PATIENCE = 120_000;

describe.skipIf(executablePath === null)('the playground', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peftjs-playground-'));
  let server: PageServer;
  let browser: Browser;
  /** A page on which a run has come to its end, and all that it has asked of the network. */
  let page: Page;
  const requests: string[] = [];
  let requestsAtFirstStep = 0;
  let whole: RunRecord;

  beforeAll(async () => {
    const site = join(folder, 'site');
    const built = await run(node('docs/scripts/build-page.mjs', site, 'playground.md'));
    if (built.code !== 0) throw new Error(built.output);
    server = await servePages([site], false);
    browser = await chromium.launch({ executablePath: executablePath!, args: [...CHROMIUM_FLAGS] });
    page = await open(await browser.newContext());
    page.on('request', (request) => requests.push(request.url()));
    await page.reload();
    await start(page);
    await reach(page, 1);
    requestsAtFirstStep = requests.length;
    await finish(page);
    whole = (await recordsOf(page))[0]!;
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(context: BrowserContext): Promise<Page> {
    const opened = await context.newPage();
    opened.setDefaultTimeout(PATIENCE);
    await opened.goto(`${server.origin}/playground.html`);
    await opened.getByRole('button', { name: 'Start' }).waitFor();
    return opened;
  }
  /** Starts a small run. WebGPU computes on the CPU here: it would take minutes. */
  async function start(on: Page): Promise<void> {
    await on.getByLabel('Backend').selectOption('wasm');
    const numbers = { Steps: STEPS, 'Batch size': 2, 'Tokens a sequence': 32, 'Sample every': STEPS };
    for (const [name, value] of Object.entries(numbers)) {
      await on.getByRole('spinbutton', { name, exact: true }).fill(String(value));
    }
    await on.getByRole('button', { name: 'Start' }).click();
  }
  const error = (on: Page) => on.getByRole('alert').filter({ hasText: /./ });
  /** Waits for what is to come; an error that the page shows ends the test. */
  async function until(on: Page, selector: string): Promise<void> {
    await on.locator(selector).or(error(on)).first().waitFor();
    expect(await error(on).allTextContents()).toEqual([]);
  }
  const reach = (on: Page, step: number): Promise<void> =>
    until(on, Array.from({ length: STEPS + 1 - step }, (_, i) => `[data-step="${step + i}"]`).join());
  /** The run, and the comparison that follows it. */
  async function finish(on: Page): Promise<void> {
    await until(on, `[data-phase="idle"][data-step="${STEPS}"]`);
    await until(on, '[data-phase="idle"] ~ *, [data-text="adapted"]');
    await until(on, '[data-phase="idle"]');
  }
  const textOf = async (which: string): Promise<string | null> =>
    page.locator(`[data-text="${which}"]`).textContent();

  it('is trained, and the loss falls', async () => {
    expect(whole.state).toBe('done');
    expect(whole.facts?.backend).toBe('wasm');
    expect(whole.training.map(([step]) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    expect(whole.heldOut.at(-1)![1]).toBeLessThan(whole.heldOut[0]![1]);
    expect(whole.samples.map(({ step }) => step)).toEqual([0, STEPS]);
  });

  it('asks nothing of the network once it trains, and nothing of another host ever', () => {
    expect(requests.some((url) => url.endsWith('.safetensors'))).toBe(true);
    expect(requests.slice(requestsAtFirstStep)).toEqual([]);
    expect(requests.filter((url) => !/^(blob:|data:)/.test(url) && !url.startsWith(server.origin))).toEqual([]);
  });
});

/** What the page has kept of its runs. */
function recordsOf(page: Page): Promise<RunRecord[]> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('peftjs-playground');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const blobs = await new Promise<readonly Blob[]>((resolve, reject) => {
      const store = database.transaction('files').objectStore('files');
      const keys = store.getAllKeys();
      keys.onerror = () => reject(keys.error);
      keys.onsuccess = () => {
        const all = store.getAll();
        all.onerror = () => reject(all.error);
        all.onsuccess = () => resolve(all.result.filter((_, i) => String(keys.result[i]).endsWith('/record.json')));
      };
    });
    database.close();
    return Promise.all(blobs.map(async (blob) => JSON.parse(await blob.text())));
  });
}
