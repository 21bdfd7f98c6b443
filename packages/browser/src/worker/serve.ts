/** The worker's side: jobs, each step of which the page asks for. */
import { nearest } from '@peftjs/safetensors';
import { type Endpoint, expose } from 'comlink';
import type { Job, JobCalls, Jobs } from './jobs.ts';
import { withTransfers } from './transfer.ts';

interface Run {
  readonly events: AsyncIterator<unknown>;
  readonly controller: AbortController;
}

/**
 * Serves jobs to the page that opened this worker. A job runs only while the page waits for its next event.
 *
 * @example
 * export const jobs = serve({
 *   async *train(options: { text: string }, { signal }) {
 *     for await (const event of train(model, batches, { learningRate: 2e-4, signal })) yield event;
 *   },
 * });
 */
export function serve<J extends Jobs>(jobs: J, endpoint?: Endpoint): J {
  const runs = new Map<number, Run>();
  let last = 0;

  const calls: JobCalls = {
    start(name, options) {
      const job = Object.hasOwn(jobs, name) ? jobs[name] : undefined;
      if (job === undefined) throw unknownJob(name, Object.keys(jobs));
      const controller = new AbortController();
      const events = (job as Job)(options as never, { signal: controller.signal })[Symbol.asyncIterator]();
      runs.set(++last, { events, controller });
      return last;
    },
    async next(id) {
      const run = runs.get(id);
      if (run === undefined) return { done: true, value: undefined };
      const { done = false, value } = await run.events.next();
      if (done) runs.delete(id);
      return withTransfers({ done, value }, value);
    },
    abort(id, name, message) {
      runs.get(id)?.controller.abort(new DOMException(message, name));
    },
    async stop(id) {
      const run = runs.get(id);
      runs.delete(id);
      await run?.events.return?.();
    },
  };
  expose(calls, endpoint);
  return jobs;
}

function unknownJob(name: string, known: readonly string[]): Error {
  const near = nearest(name, known);
  return new Error(
    `[peftjs/browser] the worker serves no job '${name}'; ${near ? `did you mean '${near}'?` : `it serves ${known.join(', ')}`}`,
  );
}
