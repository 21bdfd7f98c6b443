/** A hub on this machine, for tests: the layout of the real one, with faults on demand. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubFile {
  readonly bytes: Uint8Array;
  /** Kept apart as large files are: under its SHA-256, and at the end of a redirect to another host. */
  readonly large?: boolean;
}

/** What is wrong with the server. Tests change it as they go. */
export interface Faults {
  /** Tells of a file's content in the list, as `?blobs=true` asks for. */
  blobs: boolean;
  ranges: boolean;
  /** The token that is needed. */
  token: string | null;
  /** Answers everything with this status and `X-Error-Code`. */
  refuse: { status: number; code?: string; headers?: Record<string, string>; times?: number } | null;
  /** How many bytes each next answer with a large file sends before the connection is cut. */
  cuts: number[];
  /** Sends so many large files with a wrong byte. */
  damaged: number;
  /** Sends so many large files half, and then nothing, with the connection open. */
  stalled: number;
}

export interface HubServer {
  readonly endpoint: string;
  readonly faults: Faults;
  /** `GET /owner/name/resolve/…` and so on, with the range. */
  readonly log: string[];
  /** The token that each request to the other host carried. */
  readonly tokensElsewhere: (string | undefined)[];
  close(): Promise<void>;
}

export const COMMIT = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const gitId = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export async function hubServer(id: string, files: Readonly<Record<string, HubFile>>): Promise<HubServer> {
  const faults: Faults = { blobs: true, ranges: true, token: null, refuse: null, cuts: [], damaged: 0, stalled: 0 };
  const log: string[] = [];
  const tokensElsewhere: (string | undefined)[] = [];

  const send = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, head: object): void => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const partial = faults.ranges && start > 0;
    if (partial && start >= bytes.length) return void response.writeHead(416).end();
    const from = partial ? start : 0;
    const range = partial ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(partial ? 206 : 200, { ...head, ...range, 'content-length': bytes.length - from });
    if (request.method === 'HEAD') return void response.end();
    const body = bytes.slice(from);
    const isLarge = Object.values(files).some((file) => file.large && file.bytes === bytes);
    if (isLarge && faults.damaged > 0 && faults.damaged--) body[body.length - 1]! ^= 1;
    if (isLarge && faults.stalled > 0 && faults.stalled--)
      return void response.write(body.subarray(0, body.length / 2));
    const cut = isLarge ? faults.cuts.shift() : undefined;
    if (cut === undefined) return void response.end(body);
    response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  };

  const elsewhere = createServer((request, response) => {
    tokensElsewhere.push(request.headers.authorization);
    const file = files[request.url!.slice(1)]!;
    send(request, response, file.bytes, {});
  });

  const hub = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://hub');
    const range = request.headers.range === undefined ? '' : ` ${request.headers.range}`;
    log.push(`${request.method} ${pathname}${range}`);
    const refuse = (status: number, code?: string, headers = {}): void =>
      void response.writeHead(status, { ...headers, ...(code && { 'x-error-code': code }) }).end();
    if (faults.refuse !== null && (faults.refuse.times ?? 1) > 0) {
      if (faults.refuse.times !== undefined) faults.refuse.times--;
      return refuse(faults.refuse.status, faults.refuse.code, faults.refuse.headers);
    }
    if (faults.token !== null && request.headers.authorization !== `Bearer ${faults.token}`) {
      return refuse(401, 'RepoNotFound');
    }
    if (!pathname.startsWith(`/api/models/${id}/`) && !pathname.startsWith(`/${id}/`))
      return refuse(404, 'RepoNotFound');
    if (pathname === `/api/models/${id}/refs`) {
      return void response.end(
        JSON.stringify({ branches: [{ name: 'main' }], tags: [{ name: 'v1.0' }], converts: [] }),
      );
    }
    const list = /\/revision\/([^/]+)$/.exec(pathname);
    if (list !== null) {
      if (!['main', 'v1.0', COMMIT].includes(list[1]!)) return refuse(404, 'RevisionNotFound');
      const siblings = Object.entries(files).map(([rfilename, { bytes, large }]) => ({
        rfilename,
        ...(faults.blobs && { size: bytes.length, blobId: gitId(bytes) }),
        ...(faults.blobs && large && { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 } }),
      }));
      return void response.end(JSON.stringify({ id, sha: COMMIT, siblings }));
    }
    const name = decodeURIComponent(pathname.slice(`/${id}/resolve/${COMMIT}/`.length));
    const file = files[name];
    if (file === undefined || !pathname.includes(COMMIT)) return refuse(404, 'EntryNotFound');
    const head = { 'x-repo-commit': COMMIT };
    if (!file.large) return send(request, response, file.bytes, { ...head, etag: `"${gitId(file.bytes)}"` });
    response
      .writeHead(302, {
        ...head,
        location: `${address(elsewhere)}/${name}`,
        'x-linked-etag': `"${sha256(file.bytes)}"`,
        'x-linked-size': file.bytes.length,
      })
      .end();
  });

  for (const server of [hub, elsewhere]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = async (): Promise<void> => {
    for (const server of [hub, elsewhere]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  };
  return { endpoint: address(hub), faults, log, tokensElsewhere, close };
}

function address(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
