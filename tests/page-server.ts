/** Serves folders to a page, unless said otherwise cross-origin isolated, so that it may share memory between threads. */
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

export interface PageServer {
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * @param folders where a path is looked for, one after the other
 * @param isolated false serves them as a static host does, that sets no headers
 */
export async function servePages(folders: readonly string[], isolated: boolean = true): Promise<PageServer> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://page');
    const path = normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    for (const folder of folders) {
      const file = join(folder, path);
      if (!(await stat(file).catch(() => null))?.isFile()) continue;
      response.writeHead(200, {
        'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
        ...(isolated && ISOLATED),
        'cache-control': 'no-store',
      });
      return void response.end(await readFile(file));
    }
    response.writeHead(404).end();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
