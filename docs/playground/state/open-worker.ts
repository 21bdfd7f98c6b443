// The worker as the page sees it: opened when it is first needed, with one backend and one model; another of either takes
// another worker.
import { type JobRun, type JobWorker, openWorker } from '@peftjs/browser';
import type { BackendChoice } from '../choices.ts';
import type { jobs } from '../worker/jobs.ts';
import type { ModelPlace, Opened } from '../worker/session.ts';

type Jobs = typeof jobs;

export interface ModelWorker {
  /** Opens the model, unless it is open. `fresh` says that a new worker did. */
  ready(backend: BackendChoice, place: ModelPlace): Promise<{ readonly opened: Opened; readonly fresh: boolean }>;
  run: JobWorker<Jobs>['run'];
  /** Ends the worker; what comes next opens another. */
  close(): void;
}

export function modelWorker(): ModelWorker {
  let worker: JobWorker<Jobs> | undefined;
  let held: { readonly backend: BackendChoice; readonly place: ModelPlace; readonly opened: Opened } | undefined;
  const close = (): void => {
    worker?.close();
    worker = undefined;
    held = undefined;
  };
  return {
    async ready(backend, place) {
      if (held?.backend === backend && held.place === place) return { opened: held.opened, fresh: false };
      close();
      worker = openWorker<Jobs>(new Worker(new URL('../worker/jobs.ts', import.meta.url), { type: 'module' }));
      try {
        const opened = await only(worker.run('open', { backend, place }));
        held = { backend, place, opened };
        return { opened, fresh: true };
      } catch (error) {
        close();
        throw error;
      }
    },
    run(name, options, run) {
      if (worker === undefined) throw new Error('No model is open yet.');
      return worker.run(name, options, run);
    },
    close,
  };
}

/** The one event of a job that has one. */
export async function only<Event>(run: JobRun<Event>): Promise<Event> {
  for await (const event of run) return event;
  throw new Error('The worker gave no answer; reload the page.');
}
