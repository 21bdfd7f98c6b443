// The page's state and what can be done with it. No DOM: components show the state and call the actions.
import type { JobRun } from '@peftjs/browser';
import { type InjectionKey, inject, markRaw, reactive, toRaw } from 'vue';
import { type BackendChoice, type Choices, faultOf, firstChoices, nameTyped, type TrainingText } from '../choices.ts';
import { newRecord, note, type RunEvent, type RunRecord } from '../run-record.ts';
import { readRecords } from '../run-store.ts';
import { SAMPLE_TEXT } from '../sample-text.ts';
import type { ModelPlace, Opened } from '../worker/session.ts';
import { explain, type Fault } from './explain.ts';
import { modelWorker } from './open-worker.ts';
import { timeLeft } from './time-left.ts';

export type Phase = 'idle' | 'opening' | 'training' | 'paused' | 'stopping';

export const BUILT_IN: ModelPlace = markRaw({ name: 'models/sotu-3m', files: null });

export interface PlaygroundState {
  choices: Choices;
  text: TrainingText;
  backend: BackendChoice;
  place: ModelPlace;
  phase: Phase;
  opened: Opened | null;
  /** All runs of this browser, the oldest first. */
  runs: RunRecord[];
  /** The run that is shown in full: the one that runs, or ran last. */
  current: string | null;
  secondsLeft: number | null;
  error: Fault | null;
}

export function createPlayground() {
  const state: PlaygroundState = reactive({
    choices: firstChoices(),
    text: { ...SAMPLE_TEXT },
    backend: 'auto',
    place: BUILT_IN,
    phase: 'idle',
    opened: null,
    runs: [],
    current: null,
    secondsLeft: null,
    error: null,
  });
  const worker = modelWorker();
  const clock = timeLeft();
  let run: JobRun<RunEvent> | null = null;
  let stopper: AbortController | null = null;

  const currentRun = (): RunRecord | null => state.runs.find(({ id }) => id === state.current) ?? null;

  function fail(error: unknown): void {
    state.error = explain(error);
  }

  async function open(): Promise<Opened> {
    const { opened } = await worker.ready(state.backend, state.place);
    state.opened = markRaw(opened);
    return opened;
  }

  async function start(): Promise<void> {
    const fault = faultOf(state.choices);
    if (fault !== null) {
      state.error = { message: fault, advice: '' };
      return;
    }
    const text = state.text.name === '' ? { ...state.text, name: nameTyped(state.text.text) } : { ...state.text };
    const model = { name: state.place.name, builtIn: state.place.files === null };
    const record = newRecord({ choices: { ...state.choices }, text, model });
    state.runs.push(record);
    await train(record.id);
  }

  /** Trains a run from where it is. */
  async function train(id: string): Promise<void> {
    state.current = id;
    state.error = null;
    state.phase = 'opening';
    state.secondsLeft = null;
    clock.reset();
    const record = currentRun() as RunRecord;
    stopper = new AbortController();
    try {
      await open();
      run = worker.run('train', { record: copy(record) }, { signal: stopper.signal });
      state.phase = 'training';
      for await (const event of run) {
        note(record, event);
        if (event.type === 'step') state.secondsLeft = clock.step(event.step, event.steps);
      }
    } catch (error) {
      if (!stopper.signal.aborted) fail(error);
    }
    if (record.step === 0) state.runs = state.runs.filter((one) => one !== record);
    run = null;
    state.phase = 'idle';
    state.secondsLeft = null;
  }

  return {
    state,
    currentRun,
    start,
    resume: train,
    pause(): void {
      run?.pause();
      clock.reset();
      state.phase = 'paused';
    },
    goOn(): void {
      run?.resume();
      state.phase = 'training';
    },
    stop(): void {
      state.phase = 'stopping';
      stopper?.abort();
    },
    /** What this browser has kept of earlier visits. */
    async restore(): Promise<void> {
      try {
        state.runs = await readRecords();
      } catch (error) {
        fail(error);
      }
    },
    close: () => worker.close(),
  };
}

/** Plain data out of reactive data: what crosses to a worker cannot be a proxy. */
function copy<Value>(value: Value): Value {
  return structuredClone(toRaw(value));
}

export type Playground = ReturnType<typeof createPlayground>;

export const PLAYGROUND: InjectionKey<Playground> = Symbol('playground');

export function usePlayground(): Playground {
  return inject(PLAYGROUND) as Playground;
}
