// The law of replacing: a request that has begun ends with the adapter it began with, the next one gets the new, and the
// base is not touched.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { httpFolder, loadAdapter, memoryFolder, saveAdapter } from '@peftjs/checkpoint';
import { type Adapter, type AdapterSnapshot, adaptersOf, attach, restore, route } from '@peftjs/core';
import { type CausalLM, generate } from '@peftjs/models';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FAMILIES, makeVariant } from '../test/every-method.ts';
import { ROW_MODELS } from '../test/row-models.ts';
import { readWeights } from './host-case.ts';
import { leakGuard } from './leak-guard.ts';
import { disturb } from './suites.ts';

const SAMPLING = { maxNewTokens: 9, temperature: 1, seed: 5, stop: [] };
const PROMPT = [3, 1, 4, 1];

/** What comes after the old one: other ranks, other targets, other methods. */
const NEXT = ['lora on all', 'dora', 'whole', 'ia3', 'parallel', 'prefix', 'prompt', 'loreft'];
const OLD = 'lora';

async function collect(ids: AsyncIterable<number>): Promise<number[]> {
  const found: number[] = [];
  for await (const id of ids) found.push(id);
  return found;
}

/** One token. */
async function take(ids: AsyncIterator<number>): Promise<number> {
  const { value, done } = await ids.next();
  expect(done).toBe(false);
  return value;
}

/** Serves folders by name, on a port of its own. */
async function serve(files: (path: string) => Uint8Array | undefined) {
  const server = createServer(({ url = '' }, response) => {
    const bytes = files(url);
    if (bytes) response.end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

describe.for(['llama', 'gpt2'] as const)('an adapter of %s is replaced', (name) => {
  let folder: string;
  let server: { readonly url: string; close(): Promise<void> };
  let model: CausalLM;
  let old: Adapter;
  let oldText: readonly number[];
  let held: readonly object[];
  let values: readonly Float32Array[];
  const snapshots = new Map<string, AdapterSnapshot>();
  const texts = new Map<string, readonly number[]>();
  const folders = new Map<string, ReadonlyMap<string, Uint8Array>>();

  const text = (routes?: ReturnType<typeof route>) =>
    collect(generate(model, PROMPT, { ...SAMPLING, ...(routes && { routes }) }));
  const weightsOf = () => model.sites().flatMap((site) => ('weight' in site ? [site.weight] : []));
  const make = (variant: string, label: string): Adapter => {
    const adapter = attach(model, makeVariant(variant, model), { name: label, seed: 7 });
    disturb(adapter, 7);
    return adapter;
  };

  beforeAll(async () => {
    await useBackend(cpu());
    folder = await mkdtemp(join(tmpdir(), 'peftjs-hot-swap-'));
    server = await serve((path) => {
      const [, variant = '', file = ''] = decodeURIComponent(path).split('/');
      return folders.get(variant)?.get(file);
    });
    model = await ROW_MODELS[name]();
    for (const variant of NEXT) {
      const adapter = make(variant, variant);
      snapshots.set(variant, await adapter.snapshot());
      texts.set(variant, await text());
      const memory = memoryFolder();
      await saveAdapter(adapter, memory);
      folders.set(variant, memory.files);
      await saveAdapter(adapter, join(folder, variant));
      adapter.detach();
    }
    model.dispose();
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await server.close();
  });
  leakGuard();
  beforeEach(async () => {
    model = await ROW_MODELS[name]();
    held = weightsOf();
    values = readWeights(model);
    old = make(OLD, 'notes');
    oldText = await text();
    for (const variant of NEXT) expect(texts.get(variant)).not.toEqual(oldText);
  });
  afterEach(() => {
    for (const adapter of adaptersOf(model)) adapter.detach();
    expect(weightsOf().every((weight, i) => weight === held[i])).toBe(true);
    expect(readWeights(model)).toEqual(values);
    model.dispose();
  });

  const sources: Readonly<Record<string, (variant: string) => Promise<AdapterSnapshot>>> = {
    memory: async (variant) => snapshots.get(variant) as AdapterSnapshot,
    disk: (variant) => loadAdapter(join(folder, variant)),
    HTTP: (variant) => loadAdapter(httpFolder(`${server.url}/${encodeURIComponent(variant)}`)),
  };
  for (const [from, load] of Object.entries(sources)) {
    it.for(NEXT)(`by one from ${from} between two steps of a request: %s`, async (variant) => {
      const first = generate(model, PROMPT, SAMPLING);
      const firstText = [await take(first), await take(first)];
      const next = await restore(model, await load(variant), FAMILIES, { replaces: old });
      expect(next.name).toBe('notes');
      expect(adaptersOf(model)).toEqual([next]);
      const second = generate(model, PROMPT, SAMPLING);
      const secondText: number[] = [];
      while (firstText.length < SAMPLING.maxNewTokens) {
        secondText.push(await take(second));
        firstText.push(await take(first));
      }
      expect(old.parameters.some(({ variable }) => variable.isDisposed)).toBe(false);
      expect((await first.next()).done).toBe(true);
      expect(old.parameters.every(({ variable }) => variable.isDisposed)).toBe(true);
      secondText.push(...(await collect(second)));
      expect(firstText).toEqual(oldText);
      expect(secondText).toEqual(texts.get(variant));
      expect(await text()).toEqual(texts.get(variant));
    });
  }

  it('while requests run at the same time, again and again', async () => {
    const runs: { readonly found: Promise<readonly number[]>; readonly expected: readonly number[] }[] = [];
    runs.push({ found: text(), expected: oldText });
    let current = old;
    for (const variant of ['dora', 'prefix', 'lora on all'] as const) {
      const loaded = await sources.HTTP?.(variant);
      current = await restore(model, loaded as AdapterSnapshot, FAMILIES, { replaces: current });
      runs.push({ found: text(), expected: texts.get(variant) as readonly number[] });
    }
    runs.push({ found: text(route()), expected: await text(route()) });
    for (const { found, expected } of runs) expect(await found).toEqual(expected);
  });

  it('a request that is given up lets go of it', async () => {
    const first = generate(model, PROMPT, SAMPLING);
    await take(first);
    await restore(model, snapshots.get('ia3') as AdapterSnapshot, FAMILIES, { replaces: old });
    expect(old.parameters.some(({ variable }) => variable.isDisposed)).toBe(false);
    await first.return(undefined);
    expect(old.parameters.every(({ variable }) => variable.isDisposed)).toBe(true);
  });

  it('not by one that cannot be had: the old one stays, and nobody notices', async () => {
    const first = generate(model, PROMPT, SAMPLING);
    const found = [await take(first)];
    await expect(loadAdapter(httpFolder(`${server.url}/nowhere`))).rejects.toThrow('has no adapter_config.json');
    const saved = snapshots.get('lora on all') as AdapterSnapshot;
    const broken = { ...saved, tensors: saved.tensors.slice(1) };
    await expect(restore(model, broken, FAMILIES, { replaces: old })).rejects.toThrow('the adapter has no');
    const foreign = { ...saved, provenance: { base: { name: 'other', fingerprint: 'sha256:1' } } };
    await expect(restore(model, foreign, FAMILIES, { replaces: old })).rejects.toThrow('made for another base');
    expect(adaptersOf(model)).toEqual([old]);
    found.push(...(await collect(first)));
    expect(found).toEqual(oldText);
    expect(await text()).toEqual(oldText);
  });
});
