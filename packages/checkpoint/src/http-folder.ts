import { memorySource } from '@peftjs/safetensors';
import { isFileName } from './check-replacement.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { Folder } from './folder.ts';

export interface HttpFolderOptions {
  readonly signal?: AbortSignal;
  /** Sent with every request, `Authorization` for one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A folder behind a URL, on any static host. A file is fetched whole when it is opened, and is not kept. HTTP cannot list,
 * so `list` gives nothing.
 *
 * @throws CheckpointError when a file is opened and the answer is neither the file nor 404
 * @example
 * const record = await loadAdapter(httpFolder('https://example.org/adapters/notes'));
 */
export function httpFolder(url: string, options: HttpFolderOptions = {}): Folder {
  const { signal, headers, fetch = globalThis.fetch } = options;
  const location = url.replace(/\/+$/, '');
  return {
    location,
    list: async () => [],
    async open(name) {
      if (!isFileName(name)) return null;
      const file = `${location}/${encodeURIComponent(name)}`;
      const init = { ...(signal && { signal }), ...(headers && { headers }) };
      const response = await fetch(file, init).catch((cause: Error) => {
        signal?.throwIfAborted();
        throw new CheckpointError(`${file} cannot be fetched: ${cause.message}`, { cause });
      });
      if (response.status === 404) {
        await response.body?.cancel();
        return null;
      }
      if (!response.ok)
        throw new CheckpointError(`${file}: the server answered ${response.status} ${response.statusText}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      const announced = response.headers.get('content-length');
      if (
        announced !== null &&
        response.headers.get('content-encoding') === null &&
        Number(announced) !== bytes.length
      ) {
        throw new CheckpointError(`${file} came with ${bytes.length} bytes, ${announced} were announced`);
      }
      return memorySource(file, bytes);
    },
  };
}
