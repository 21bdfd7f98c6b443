// The adapter that was chosen: it writes beside the base, counts for more or less, is taken along and brought back.
import { markRaw, toRaw } from 'vue';
import { adapterFolder } from '../run-store.ts';
import type { AdapterSource } from '../worker/adapters.ts';
import { only } from './open-worker.ts';
import type { Shared } from './playground.ts';

export interface ChosenAdapter {
  readonly source: AdapterSource;
  /** Whether it can count for less or more than it was trained for. */
  readonly scalable: boolean;
}

/** What base and adapter make of one prompt. */
export interface Comparison {
  prompt: string;
  /** The adapter's switch, and how much it counts. */
  on: boolean;
  strength: number;
  base: string;
  adapted: string;
  /** The prompt that both texts follow; null before the first. */
  of: string | null;
  /** The strength that the second was written with. */
  ofStrength: number;
}

export interface AdapterActions {
  choose(adapter: ChosenAdapter): void;
  load(name: string, files: readonly File[]): Promise<void>;
  /** Lets base and adapter write. What the base has written stays as long as the prompt does. */
  compare(): Promise<void>;
  stopComparing(): Promise<void>;
  /** The files of a run's adapter. */
  filesOf(id: string): Promise<ReadonlyMap<string, Uint8Array>>;
  /** A run has attached its adapter to the worker's model. */
  hasAttached(id: string): void;
}

const SEED = 7;

export function adapterActions({ state, worker, ready, fail }: Shared): AdapterActions {
  /** What is attached in the worker. */
  let attached: AdapterSource | null = null;
  let stopper: AbortController | null = null;
  let busy: Promise<void> = Promise.resolve();

  async function attach(): Promise<void> {
    if (await ready()) attached = null;
    const source = toRaw(state.adapter)?.source ?? null;
    if (source === null || isSame(source, attached)) return;
    attached = null;
    const { scalable } = await only(worker.run('use', toRaw(source)));
    attached = source;
    state.adapter = { source: markRaw(source), scalable };
  }

  async function write(strength: number, show: (text: string) => void): Promise<void> {
    const { prompt } = state.comparison;
    let text = '';
    show(text);
    const { signal } = stopper as AbortController;
    for await (const piece of worker.run('write', { prompt, seed: SEED, strength }, { signal })) {
      text += piece;
      show(text);
    }
  }

  async function compareOnce(): Promise<void> {
    const { comparison } = state;
    stopper = new AbortController();
    state.phase = 'comparing';
    state.error = null;
    try {
      await attach();
      if (comparison.of !== comparison.prompt) {
        comparison.of = comparison.prompt;
        comparison.adapted = '';
        await write(0, (text) => {
          comparison.base = text;
        });
      }
      if (state.adapter !== null) {
        comparison.ofStrength = comparison.on ? comparison.strength : 0;
        await write(comparison.ofStrength, (text) => {
          comparison.adapted = text;
        });
      }
    } catch (error) {
      comparison.of = null;
      if (!stopper.signal.aborted) fail(error);
    }
    state.phase = 'idle';
  }

  async function stopComparing(): Promise<void> {
    stopper?.abort();
    await busy;
  }

  async function compare(): Promise<void> {
    await stopComparing();
    if (state.phase !== 'idle') return;
    busy = compareOnce();
    await busy;
  }

  return {
    compare,
    stopComparing,
    choose(adapter) {
      state.adapter = { ...adapter, source: markRaw(adapter.source) };
      state.comparison.adapted = '';
    },
    async load(name, files) {
      const before = state.adapter;
      state.adapter = { source: markRaw({ from: 'files', name, files: [...files] }), scalable: true };
      await compare();
      if (state.error !== null) state.adapter = before;
    },
    async filesOf(id) {
      const folder = adapterFolder(id);
      const files = new Map<string, Uint8Array>();
      for (const name of await folder.list()) {
        const file = await folder.open(name);
        if (file !== null) files.set(name, new Uint8Array(await file.read(0, file.size)));
      }
      return files;
    },
    hasAttached(id) {
      attached = { from: 'run', id };
    },
  };
}

function isSame(a: AdapterSource, b: AdapterSource | null): boolean {
  if (a.from === 'run') return b?.from === 'run' && b.id === a.id;
  return a === b;
}
