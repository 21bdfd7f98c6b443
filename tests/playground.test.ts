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

describe.skipIf(executablePath === null)('the playground', { timeout: 2 * PATIENCE }, () => {
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
    const text = on.getByRole('textbox', { name: 'Text' });
    await text.fill((await text.inputValue()).slice(0, 5000));
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
  const rest = (on: Page): Promise<void> => until(on, '[data-phase="idle"]');
  /** The run, and the comparison that follows it. */
  async function finish(on: Page): Promise<void> {
    await until(on, `[data-phase="idle"][data-step="${STEPS}"]`);
    await until(on, '[data-text="adapted"]');
    await rest(on);
  }
  async function textOf(which: 'base' | 'adapted'): Promise<string | null> {
    await rest(page);
    return page.locator(`[data-text="${which}"]`).textContent();
  }
  async function setStrength(value: string): Promise<void> {
    await page.getByRole('slider', { name: 'Strength' }).fill(value);
    await until(page, `[data-of-strength="${value}"]`);
  }

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

  it('goes on after a reload in mid-run, with the numbers of a run never cut', async () => {
    const cut = await open(await browser.newContext());
    // The page itself reloads at this step: nothing depends on how soon a test would see it.
    await cut.evaluate((at) => {
      const run = document.querySelector<HTMLElement>('[data-step]')!;
      new MutationObserver(() => Number(run.dataset.step) >= at && location.reload()).observe(run, {
        attributes: true,
      });
    }, 8);
    await start(cut);
    await cut.getByRole('button', { name: 'Continue' }).waitFor();
    const kept = (await recordsOf(cut))[0]!;
    expect(kept.state).toBe('unfinished');
    expect(kept.step).toBeGreaterThanOrEqual(5);
    expect(kept.step).toBeLessThan(STEPS);
    await cut.getByRole('button', { name: 'Continue' }).click();
    await finish(cut);
    const { training, heldOut, samples, state } = (await recordsOf(cut))[0]!;
    expect({ training, heldOut, samples, state }).toEqual({
      training: whole.training,
      heldOut: whole.heldOut,
      samples: whole.samples,
      state: 'done',
    });
    expect(await unzipped(cut)).toEqual(await unzipped(page));
    await cut.context().close();
  });

  it('lets the adapter count for less, for nothing, and for more', async () => {
    const [base, adapted] = [await textOf('base'), await textOf('adapted')];
    expect(adapted).not.toBe(base);
    await setStrength('0');
    expect(await textOf('adapted')).toBe(base);
    await setStrength('2');
    expect(await textOf('adapted')).not.toBe(base);
    await setStrength('1');
    expect(await textOf('adapted')).toBe(adapted);
    await page.getByRole('switch', { name: 'Adapter on' }).uncheck();
    await until(page, '[data-of-strength="0"]');
    expect(await textOf('adapted')).toBe(base);
    await page.getByRole('switch', { name: 'Adapter on' }).check();
    await until(page, '[data-of-strength="1"]');
    expect(await textOf('base')).toBe(base);
  });

  it('gives the program that trains the same in Node', async () => {
    const program = await page.getByLabel('Code', { exact: true }).textContent();
    const script = join(root, `node_modules/.cache/playground-${process.pid}.mjs`);
    const place = join(folder, 'node');
    mkdirSync(dirname(script), { recursive: true });
    mkdirSync(place);
    symlinkSync(join(root, 'models'), join(place, 'models'));
    writeFileSync(script, program!);
    writeFileSync(join(place, 'text.txt'), await page.getByRole('textbox', { name: 'Text' }).inputValue());
    const loader = join(root, 'tests/fixtures/from-sources.mjs');
    try {
      const args = ['--conditions=peftjs-source', '--import', loader, script];
      const printed = execFileSync(process.execPath, args, { cwd: place, encoding: 'utf8', stdio: 'pipe' });
      const losses = printed
        .split('\n')
        .flatMap((line) => (/^\d+ [\d.]+$/.test(line) ? [Number(line.split(' ')[1])] : []));
      const expected = whole.training.map(([, loss]) => loss);
      expect(relativeError(losses, expected)).toBeLessThan(TOLERANCES.losses);
    } finally {
      rmSync(script);
    }
    expect([...(await unzipped(page)).keys()]).toContain('adapter_model.safetensors');
  });

  it.skipIf(python === null)(
    'gives PEFT an adapter that it loads without a warning, with the same logits',
    async () => {
      const adapter = join(folder, 'adapter');
      mkdirSync(adapter);
      for (const [name, bytes] of await unzipped(page)) writeFileSync(join(adapter, name), bytes);
      await useBackend(wasm());
      const model = await loadModel(diskFolder(MODEL));
      const ids = Int32Array.from(model.tokenizer!.encode('Call me Ishmael. Some years ago, never mind how long.'));
      const shape = [1, ids.length] as const;
      const attentionMask = new Int32Array(ids.length).fill(1);
      const inputs = join(folder, 'inputs.safetensors');
      writeFileSync(
        inputs,
        writeSafetensors([
          { name: 'input_ids', dtype: 'I32', shape, data: ids },
          { name: 'attention_mask', dtype: 'I32', shape, data: attentionMask },
        ]),
      );
      const out = join(folder, 'logits.safetensors');
      const args = ['--base', MODEL, '--adapter', adapter, '--inputs', inputs, '--out', out];
      const script = join(root, 'python/check_adapter.py');
      const report = JSON.parse(execFileSync(python!, [script, ...args], { encoding: 'utf8', stdio: 'pipe' }));
      expect(report).toMatchObject({ ok: true, warnings: [], error: null });
      const theirs = await openSafetensors(memorySource(out, readFileSync(out)));
      const logitsOf = (): Float32Array => {
        const logits = model.logits({ inputIds: ids, attentionMask, shape });
        const values = logits.dataSync() as Float32Array;
        logits.dispose();
        return values.slice();
      };
      const base = logitsOf();
      await restore(model, await loadAdapter(adapter), [readLora()]);
      const logits = logitsOf();
      expect(relativeError(await theirs.readFloat32('logits_base'), base)).toBeLessThan(TOLERANCES.logits);
      expect(relativeError(await theirs.readFloat32('logits'), logits)).toBeLessThan(TOLERANCES.logits);
      expect(relativeError(base, logits)).toBeGreaterThan(100 * TOLERANCES.logits);
      model.dispose();
    },
  );

  it('takes its own zip back', async () => {
    const adapted = await textOf('adapted');
    await page.getByLabel('Load a zip').setInputFiles(await download(page));
    await until(page, 'text=“playground-lora.zip” is loaded');
    expect(await textOf('adapted')).toBe(adapted);
  });

  it('says what is wrong with a file or a text, and what to do', async () => {
    await page.getByLabel('Load a zip').setInputFiles({ name: 'a.zip', mimeType: '', buffer: Buffer.from('no zip') });
    await error(page).getByText('a.zip is no zip file').waitFor();
    await page.getByRole('textbox', { name: 'Text' }).fill('Call me.');
    await page.getByRole('button', { name: 'Start' }).click();
    await error(page).getByText('The text is too short').waitFor();
    await page.getByRole('textbox', { name: 'Text' }).fill('{"text": 1}');
    await page.getByRole('button', { name: 'Start' }).click();
    await error(page).getByText('typed.jsonl:1').waitFor();
  });

  it('gives every control a name, lets the keyboard through, and fits a phone', async () => {
    // What is wrong was said before the controls may be used again.
    await page.locator('[data-phase="idle"]').waitFor();
    await page.setViewportSize({ width: 360, height: 720 });
    await page.waitForFunction(() => document.documentElement.scrollWidth === innerWidth);
    expect(await namelessControls(page)).toEqual([]);
    await page.getByRole('button', { name: 'Choose a folder of your own' }).focus();
    const passed = new Set<number>();
    const last = page.locator('.playground-about a').first();
    while (!(await last.evaluate((link) => link === document.activeElement))) {
      const at = await page.evaluate(() => [...document.querySelectorAll('*')].indexOf(document.activeElement!));
      expect(passed, 'the focus goes round').not.toContain(at);
      passed.add(at);
      await page.keyboard.press('Tab');
    }
    expect(passed.size).toBeGreaterThan(20);
  });

  it('holds a run, lets no other tab go on with it meanwhile, stops it, and drops it', async () => {
    await page.getByRole('textbox', { name: 'Text' }).fill(whole.text.text);
    await page.getByRole('spinbutton', { name: 'Steps', exact: true }).fill('5000');
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await until(page, '[data-phase="paused"]');
    await page.getByRole('button', { name: 'Resume' }).click();
    await until(page, '[data-phase="training"]:not([data-step="0"])');
    const other = await open(page.context());
    await other.getByRole('button', { name: 'Continue' }).click();
    await error(other).getByText('Another tab of this browser is training this run').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await rest(page);
    await other.close();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('button', { name: 'Discard' }).waitFor({ state: 'hidden' });
    expect((await recordsOf(page)).map(({ id }) => id)).toEqual([whole.id]);
  });

  it('deletes what it has kept', async () => {
    await page.getByRole('button', { name: 'Delete all runs' }).click();
    await page.getByText('They take 0 B').waitFor();
    expect(await recordsOf(page)).toEqual([]);
  });
});

/** The zip of the adapter in use. */
async function download(page: Page): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the zip' }).click(),
  ]);
  const path = join(dirname(await download.path()), download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

/** Its files, by their names without the folder. */
async function unzipped(page: Page): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = Object.entries(unzipSync(readFileSync(await download(page))));
  const files = entries.filter(([path]) => !path.endsWith('/'));
  return new Map(files.map(([path, bytes]) => [path.replace('playground-lora/', ''), bytes]));
}

/** Controls that a screen reader could not name. */
function namelessControls(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const text = (id: string): string => document.getElementById(id)?.textContent ?? '';
    const nameOf = (control: Element): string =>
      control.getAttribute('aria-label') ??
      control.getAttribute('aria-labelledby')?.split(' ').map(text).join(' ') ??
      ('labels' in control && control.tagName !== 'BUTTON'
        ? [...((control as HTMLInputElement).labels ?? [])].map((label) => label.textContent).join(' ')
        : (control.textContent ?? ''));
    const controls = [...document.querySelectorAll('.pg :is(button, input, select, textarea, [tabindex="0"])')];
    return controls.filter((control) => nameOf(control).trim() === '').map((control) => control.outerHTML);
  });
}

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
