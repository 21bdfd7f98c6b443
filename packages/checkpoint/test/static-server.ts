// A static host for tests, that knows ranges or does not, and notes what was asked for.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly file: string;
  /** `bytes=0-99`, or null for all of it. */
  readonly range: string | null;
}

export interface StaticHost {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** May be others; a file's own bytes stay as they are. */
  files: ReadonlyMap<string, Uint8Array>;
}

const etags = new WeakMap<Uint8Array, string>();

function etagOf(bytes: Uint8Array): string {
  const etag = etags.get(bytes) ?? `"${createHash('sha256').update(bytes).digest('hex')}"`;
  etags.set(bytes, etag);
  return etag;
}

/** Serves files while `use` runs. */
export async function withStaticHost(
  files: ReadonlyMap<string, Uint8Array>,
  { ranges = true }: { readonly ranges?: boolean },
  use: (host: StaticHost) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const host = { url: '', asked, files };
  const server = createServer(({ url = '', headers: { range = null, 'if-range': condition } }, response) => {
    const file = decodeURIComponent(url.slice(1));
    asked.push({ file, range });
    const bytes = host.files.get(file);
    if (!bytes) return response.writeHead(404).end();
    const etag = etagOf(bytes);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    if (!ranges || first === undefined || (condition !== undefined && condition !== etag))
      return response.writeHead(200, { etag }).end(bytes);
    if (Number(first) >= bytes.length)
      return response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    const end = Math.min(Number(last) + 1, bytes.length);
    response.writeHead(206, { etag, 'content-range': `bytes ${first}-${end - 1}/${bytes.length}` });
    return response.end(bytes.subarray(Number(first), end));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  host.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await use(host);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}
