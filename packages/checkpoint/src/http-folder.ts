// A folder behind a URL, on any static host: its files whole, or in the ranges that are asked for.
import { isFileName } from './check-replacement.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { Folder } from './folder.ts';
import { wholeSource } from './http-answer.ts';
import { rangeSource } from './range-source.ts';

export interface HttpFolderOptions {
  readonly signal?: AbortSignal;
  /** Sent with every request, `Authorization` for one. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Reads what is asked for by HTTP range, for models and deltas, of which not everything is needed, or not at once. A server
   * that knows no ranges sends files whole. False when left out: a file is fetched whole when it is opened.
   */
  readonly ranges?: boolean;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A folder behind a URL. Nothing is kept. HTTP cannot list, so `list` gives nothing.
 *
 * @throws CheckpointError when a file is opened or read and the answer is neither what was asked for nor 404
 * @example
 * const record = await loadAdapter(httpFolder('https://example.org/adapters/notes'));
 */
export function httpFolder(url: string, options: HttpFolderOptions = {}): Folder {
  const { signal, headers, ranges = false, fetch = globalThis.fetch } = options;
  const location = url.replace(/\/+$/, '');
  return {
    location,
    list: async () => [],
    async open(name) {
      if (!isFileName(name)) return null;
      const file = `${location}/${encodeURIComponent(name)}`;
      const ask = (more: Readonly<Record<string, string>>): Promise<Response> =>
        fetch(file, { ...(signal && { signal }), headers: { ...headers, ...more } }).catch((cause: Error) => {
          signal?.throwIfAborted();
          const { code } = (cause.cause ?? {}) as { readonly code?: string };
          throw new CheckpointError(`${file} cannot be fetched: ${cause.message}${code ? ` (${code})` : ''}`, {
            cause,
          });
        });
      return ranges ? rangeSource(file, ask) : wholeSource(file, await ask({}));
    },
  };
}
