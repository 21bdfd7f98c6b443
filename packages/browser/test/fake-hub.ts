// A hub of one model with one large file, as a `fetch`. It cuts connections and damages bytes on demand.
import { keyOfContent } from '../../models/src/hub/content-key.ts';

export interface FakeHub {
  readonly fetch: typeof globalThis.fetch;
  /** What was asked for, with the range. */
  readonly log: string[];
  /** How many bytes each next answer sends before it is cut. */
  readonly cuts: number[];
  /** So many answers come with a wrong byte. */
  damaged: number;
}

export async function fakeHub(id: string, file: string, bytes: Uint8Array<ArrayBuffer>): Promise<FakeHub> {
  const key = await keyOfContent('sha256-', { size: bytes.length, read: async (a, b) => bytes.subarray(a, b) });
  const lfs = { sha256: key.slice('sha256-'.length), size: bytes.length };
  const listing = { id, sha: 'c0ffee', siblings: [{ rfilename: file, size: bytes.length, lfs }] };
  const hub: FakeHub = {
    log: [],
    cuts: [],
    damaged: 0,
    async fetch(input, init) {
      const { pathname } = new URL(String(input));
      const range = new Headers(init?.headers).get('range') ?? '';
      hub.log.push(`${pathname} ${range}`.trim());
      if (pathname.startsWith('/api/')) return Response.json(listing);
      const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
      const body = bytes.slice(start);
      if (hub.damaged > 0 && hub.damaged--) body[0]! ^= 1;
      return new Response(cutStream(body, hub.cuts.shift()), {
        status: start > 0 ? 206 : 200,
        headers: start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {},
      });
    },
  };
  return hub;
}

const CHUNK = 1 << 16;

function cutStream(body: Uint8Array<ArrayBuffer>, cut = Number.POSITIVE_INFINITY): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= cut) return controller.error(new TypeError('the connection was cut'));
      if (at >= body.length) return controller.close();
      const end = Math.min(at + CHUNK, body.length, cut);
      controller.enqueue(body.slice(at, end));
      at = end;
    },
  });
}
