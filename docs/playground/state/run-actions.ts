// Runs: started, held, stopped, and taken up again where they were.
import type { JobRun } from '@peftjs/browser';
import { toRaw } from 'vue';
import { faultOf, nameTyped } from '../choices.ts';
import { newRecord, note, type RunEvent, type RunRecord } from '../run-record.ts';
import { readRecord } from '../run-store.ts';
import type { AdapterActions } from './adapter-actions.ts';
import { inThisTabAlone } from './in-this-tab-alone.ts';
import type { Shared } from './playground.ts';
import type { StorageActions } from './storage-actions.ts';
import { timeLeft } from './time-left.ts';

export interface RunActions {
  start(): Promise<void>;
  /** Goes on with a run that was stopped, or that a reload cut. */
  resume(id: string): Promise<void>;
  pause(): void;
  goOn(): void;
  stop(): void;
  currentRun(): RunRecord | null;
}

export function runActions(
  { state, worker, ready, fail }: Shared,
  adapters: AdapterActions,
  storage: StorageActions,
): RunActions {
  const clock = timeLeft();
  let run: JobRun<RunEvent> | null = null;
  let stopper = new AbortController();

  const currentRun = (): RunRecord | null => state.runs.find(({ id }) => id === state.current) ?? null;

  /** Trains the current run from where it is. */
  async function train(record: RunRecord): Promise<void> {
    clock.reset();
    stopper = new AbortController();
    try {
      await ready();
      stopper.signal.throwIfAborted();
      run = worker.run('train', { record: plain(record) }, { signal: stopper.signal });
      for await (const event of run) show(record, event);
    } catch (error) {
      if (!stopper.signal.aborted) fail(error);
    }
    run = null;
    state.secondsLeft = null;
    if (record.step === 0) await storage.deleteRun(record.id);
    else await storage.measure();
  }

  function show(record: RunRecord, event: RunEvent): void {
    note(record, event);
    if (event.type === 'prepared') {
      adapters.hasAttached(record.id);
      if (state.phase === 'opening') state.phase = 'training';
    }
    if (event.type === 'step') state.secondsLeft = clock.step(event.step, event.steps);
    if (event.type === 'kept' && record.facts !== null) {
      adapters.choose({ source: { from: 'run', id: record.id }, scalable: record.facts.scalable });
    }
  }

  /** From here on the model is the run's. */
  async function begin(): Promise<void> {
    await adapters.stopComparing();
    state.error = null;
    state.phase = 'opening';
  }

  async function trainAndCompare(record: RunRecord): Promise<void> {
    state.current = record.id;
    try {
      await inThisTabAlone(`peftjs-playground/${record.id}`, async () => {
        Object.assign(record, await readRecord(record.id));
        if (record.state === 'unfinished') await train(record);
      });
    } catch (error) {
      fail(error);
    }
    state.phase = 'idle';
    if (state.error === null && record.adapterBytes !== null) await adapters.compare();
  }

  return {
    currentRun,
    async start() {
      const fault = faultOf(state.choices);
      if (fault !== null) return fail(new Error(fault));
      await begin();
      const { text, place, choices, comparison } = state;
      const record = newRecord({
        choices: { ...choices },
        text: { name: text.name === '' ? nameTyped(text.text) : text.name, text: text.text },
        model: { name: place.name, builtIn: place.files === null },
      });
      comparison.prompt = choices.prompt;
      state.runs.push(record);
      await trainAndCompare(state.runs.at(-1)!);
    },
    async resume(id) {
      const record = state.runs.find((one) => one.id === id);
      if (record === undefined) return;
      await begin();
      // Another backend rounds otherwise: the run goes on with the one that it began on.
      if (record.facts !== null) state.backend = record.facts.backend === 'wasm' ? 'wasm' : 'auto';
      state.choices = { ...record.choices };
      state.text = { ...record.text };
      await trainAndCompare(record);
    },
    pause() {
      run?.pause();
      clock.reset();
      state.phase = 'paused';
    },
    goOn() {
      run?.resume();
      state.phase = 'training';
    },
    stop() {
      state.phase = 'stopping';
      stopper.abort();
    },
  };
}

/** Plain data out of reactive data: what crosses to a worker cannot be a proxy. */
function plain(record: RunRecord): RunRecord {
  return JSON.parse(JSON.stringify(toRaw(record)));
}
