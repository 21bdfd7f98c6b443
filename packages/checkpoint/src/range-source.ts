// A file behind a URL that is read by HTTP range (RFC 9110, 14). What came first, and what came last, is kept.
import { type ByteSource, memorySource } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';
import { bytesOf, refusal, wholeSource } from './http-answer.ts';

/** The least that is asked for, so that many small tensors beside each other are one request. */
const LEAST = 2 ** 16;

/** Asks for the file, with these headers besides. */
export type Ask = (headers: Readonly<Record<string, string>>) => Promise<Response>;

/**
 * Opens the file with the request for its first bytes. What the server sends whole in answer is taken whole.
 *
 * @returns null where there is no such file
 */
export async function rangeSource(name: string, ask: Ask): Promise<ByteSource | null> {
  const first = await ask({ Range: `bytes=0-${LEAST - 1}` });
  if (first.status !== 206) return first.status === 416 ? emptyFile(name, first) : wholeSource(name, first);
  const size = rangeOf(name, first).of;
  const tag = first.headers.get('etag');
  /** A weak tag does not say that the bytes are the same. */
  const same = tag === null || tag.startsWith('W/') ? {} : { 'If-Range': tag };
  let held = { begin: 0, bytes: await bytesOf(name, first) };
  return {
    name,
    size,
    async read(begin, end) {
      const within = ({ begin: start, bytes }: typeof held) => start <= begin && end <= start + bytes.length;
      let kept = held;
      if (!within(kept)) {
        const last = Math.min(Math.max(end, begin + LEAST), size) - 1;
        const response = await ask({ Range: `bytes=${begin}-${last}`, ...same });
        if (response.status === 200) {
          await response.body?.cancel();
          throw new CheckpointError(`${name} has changed while it was read; read it again from its start`);
        }
        if (response.status !== 206) throw refusal(name, response);
        const range = rangeOf(name, response);
        if (range.begin !== begin || range.end !== last + 1 || range.of !== size)
          throw new CheckpointError(
            `${name}: bytes ${begin} to ${last + 1} of ${size} were asked for, the server sent ${range.begin} to ${range.end} of ${range.of}`,
          );
        kept = { begin, bytes: await bytesOf(name, response) };
        if (kept.bytes.length <= LEAST) held = kept;
      }
      if (!within(kept))
        throw new CheckpointError(`${name}: bytes ${begin} to ${end} were asked for, ${kept.bytes.length} came`);
      return kept.bytes.slice(begin - kept.begin, end - kept.begin);
    },
  };
}

/** A file without a byte has no range that could be sent. */
async function emptyFile(name: string, response: Response): Promise<ByteSource> {
  await response.body?.cancel();
  if (response.headers.get('content-range') === 'bytes */0') return memorySource(name, new Uint8Array(0));
  throw refusal(name, response);
}

/** What the server says that it sends. */
function rangeOf(name: string, { headers }: Response): { begin: number; end: number; of: number } {
  const said = headers.get('content-range');
  const [, first, last, of] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(said ?? '') ?? [];
  if (of !== undefined && headers.get('content-encoding') === null)
    return { begin: Number(first), end: Number(last) + 1, of: Number(of) };
  throw new CheckpointError(
    said === null
      ? `${name}: the server sent a part and does not say which; from another origin it must allow it, with "Access-Control-Expose-Headers: Content-Range"`
      : `${name}: the server sent a part that cannot be read (${said}, ${headers.get('content-encoding') ?? 'not encoded'})`,
  );
}
