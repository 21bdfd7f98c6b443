// The page's state and what can be done with it. No DOM: components show the state and call the actions.
import { type InjectionKey, inject, markRaw, reactive } from 'vue';
import { type BackendChoice, type Choices, firstChoices, type TrainingText } from '../choices.ts';
import type { RunRecord } from '../run-record.ts';
import { SAMPLE_TEXT } from '../sample-text.ts';
import type { ModelPlace, Opened } from '../worker/session.ts';
import { adapterActions, type ChosenAdapter, type Comparison } from './adapter-actions.ts';
import { explain, type Fault } from './explain.ts';
import { type ModelWorker, modelWorker } from './open-worker.ts';
import { runActions } from './run-actions.ts';
import { type Kept, storageActions } from './storage-actions.ts';

/** `comparing`: the model writes, and nothing is trained. */
export type Phase = 'idle' | 'opening' | 'training' | 'paused' | 'stopping' | 'comparing';

/** Whether a run has the model: what it was given stays as it is meanwhile. */
export function isTraining(phase: Phase): boolean {
  return phase !== 'idle' && phase !== 'comparing';
}

export const BUILT_IN: ModelPlace = markRaw({ name: 'models/sotu-3m', files: null });

export interface PlaygroundState {
  choices: Choices;
  text: TrainingText;
  backend: BackendChoice;
  place: ModelPlace;
  phase: Phase;
  /** What a worker has opened, if one has. */
  opened: Opened | null;
  /** All runs of this browser, the oldest first. */
  runs: RunRecord[];
  /** The run that is shown in full: the one that runs, or ran last. */
  current: string | null;
  secondsLeft: number | null;
  /** The adapter that the lower half of the page is about. */
  adapter: ChosenAdapter | null;
  comparison: Comparison;
  kept: Kept | null;
  error: Fault | null;
}

/** What the actions share. */
export interface Shared {
  readonly state: PlaygroundState;
  readonly worker: ModelWorker;
  /** Opens the chosen model on the chosen backend. True where that took a new worker, which has no adapter yet. */
  readonly ready: () => Promise<boolean>;
  /** Shows an error. */
  readonly fail: (error: unknown) => void;
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
    adapter: null,
    comparison: {
      prompt: firstChoices().prompt,
      on: true,
      strength: 1,
      base: '',
      adapted: '',
      of: null,
      ofStrength: 1,
    },
    kept: null,
    error: null,
  });
  const worker = modelWorker();
  const shared: Shared = {
    state,
    worker,
    async ready() {
      const { opened, fresh } = await worker.ready(state.backend, state.place);
      state.opened = markRaw(opened);
      return fresh;
    },
    fail(error) {
      state.error = explain(error);
      if (state.error.fatal) worker.close();
    },
  };
  const storage = storageActions(shared);
  const adapters = adapterActions(shared);
  const runs = runActions(shared, adapters, storage);
  return { state, ...storage, ...adapters, ...runs, close: () => worker.close() };
}

export type Playground = ReturnType<typeof createPlayground>;

export const PLAYGROUND: InjectionKey<Playground> = Symbol('playground');

export function usePlayground(): Playground {
  return inject(PLAYGROUND) as Playground;
}
