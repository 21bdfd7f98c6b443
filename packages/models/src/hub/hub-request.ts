/** One request to a hub: with its token, given up when nothing comes for a while. */
import { type HubRepository, refusal } from './hub-repository.ts';
import { TransientError } from './retrying.ts';

interface Request {
  readonly url: string;
  /** What is asked for, in errors. */
  readonly what: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly redirect?: RequestRedirect;
  /** Statuses besides 2xx that are no error. */
  readonly accept?: readonly number[];
}

/** An answer whose body is watched as its head was: a pause longer than `retry.stall` ends it. */
export interface HubResponse {
  readonly status: number;
  readonly headers: Headers;
  json(): Promise<unknown>;
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Ends the connection without reading the body. */
  discard(): Promise<void>;
}

/**
 * Sends a request. A connection that fails or stalls is a `TransientError`; an answer that refuses is the error that says
 * why. The token goes to the endpoint alone: `fetch` leaves it out where a redirect leads to another host.
 */
export async function hubRequest(hub: HubRepository, request: Request): Promise<HubResponse> {
  const { url, what, method = 'GET', redirect = 'follow', accept = [] } = request;
  const watch = watched(hub);
  // A browser's fetch must not be called as a method.
  const { fetch } = hub;
  const headers = {
    'accept-encoding': 'identity',
    ...(hub.token !== null && { authorization: `Bearer ${hub.token}` }),
    ...request.headers,
  };
  const response = await watch
    .run(() => fetch(url, { method, headers, redirect, signal: watch.signal }))
    .catch((cause: unknown) => watch.failed(what, cause));
  if (!response.ok && !accept.includes(response.status)) {
    await response.body?.cancel();
    watch.end();
    throw refusal(hub, response, what);
  }
  return {
    status: response.status,
    headers: response.headers,
    async json() {
      const text = await watch.run(() => response.text()).catch((cause: unknown) => watch.failed(what, cause));
      watch.end();
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw new Error(`[peftjs/models] ${hub.endpoint} answers ${what} with no JSON: check the endpoint`, { cause });
      }
    },
    async *chunks() {
      const reader = response.body?.getReader();
      try {
        for (;;) {
          const next = await watch.run(async () => reader?.read()).catch((cause: unknown) => watch.failed(what, cause));
          if (next === undefined || next.done) return;
          yield next.value;
        }
      } finally {
        await reader?.cancel().catch(() => undefined);
        watch.end();
      }
    },
    async discard() {
      await response.body?.cancel();
      watch.end();
    },
  };
}

/** Runs steps of a request, each of which must end within `retry.stall` milliseconds, under one signal. */
function watched({ signal, retry, endpoint, hint }: HubRepository): {
  readonly signal: AbortSignal;
  run<T>(step: () => Promise<T>): Promise<T>;
  failed(what: string, cause: unknown): never;
  end(): void;
} {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal!.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  const end = (): void => signal?.removeEventListener('abort', abort);
  return {
    signal: controller.signal,
    end,
    async run(step) {
      const timer = setTimeout(() => controller.abort(new Error(`nothing came for ${retry.stall} ms`)), retry.stall);
      try {
        return await step();
      } finally {
        clearTimeout(timer);
      }
    },
    failed(what, cause) {
      end();
      signal?.throwIfAborted();
      const reason = controller.signal.aborted ? controller.signal.reason : cause;
      const why = reason instanceof Error ? ((reason.cause as Error | undefined)?.message ?? reason.message) : reason;
      throw new TransientError(`[peftjs/models] the connection to ${endpoint} failed at ${what}: ${why}${hint}`, {
        cause,
      });
    },
  };
}
