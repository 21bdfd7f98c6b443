// Raw deflate (RFC 1951) as the platform has it: Node's zlib, or a browser's streams.
type Zlib = typeof import('node:zlib');

/** What bytes have that makes them smaller: runs alone, which are found much faster, or anything that comes again. */
export type Likeness = 'runs' | 'repeats';

interface Deflate {
  deflate(bytes: Uint8Array, likeness: Likeness): Promise<Uint8Array>;
  /** Rejects, or gives another length, where the bytes are no deflate of `length` bytes; no more memory is taken than that. */
  inflate(bytes: Uint8Array, length: number): Promise<Uint8Array>;
}

let found: Promise<Deflate> | null = null;

function platform(): Promise<Deflate> {
  found ??= globalThis.process?.versions?.node === undefined ? Promise.resolve(byStreams) : byZlib();
  return found;
}

/** The specifier is a variable, so that a bundler for browsers does not look for the module. */
async function byZlib(): Promise<Deflate> {
  const specifier = 'node:zlib';
  const zlib: Zlib = await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
  return {
    // Runs need no window, and take less time than it takes to have another thread find them.
    deflate: async (bytes, likeness) =>
      view(
        likeness === 'runs'
          ? zlib.deflateRawSync(bytes, { strategy: zlib.constants.Z_RLE, windowBits: 12 })
          : await new Promise<Uint8Array>((resolve, reject) => {
              zlib.deflateRaw(bytes, (error, out) => (error ? reject(error) : resolve(out)));
            }),
      ),
    // One buffer that holds all of it, and a byte in which an end is found.
    inflate: async (bytes, length) =>
      view(zlib.inflateRawSync(bytes, { maxOutputLength: Math.max(1, length), chunkSize: Math.max(64, length + 1) })),
  };
}

const view = (bytes: Uint8Array) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

const byStreams: Deflate = {
  deflate: (bytes) => through(bytes, new CompressionStream('deflate-raw'), Number.POSITIVE_INFINITY),
  inflate: (bytes, length) => through(bytes, new DecompressionStream('deflate-raw'), length),
};

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream, most: number) {
  const parts: Uint8Array[] = [];
  let size = 0;
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  const reader = blob.stream().pipeThrough(stream).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    parts.push(read.value);
    size += read.value.length;
    if (size <= most) continue;
    await reader.cancel();
    break;
  }
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

export async function deflated(bytes: Uint8Array, likeness: Likeness): Promise<Uint8Array> {
  return (await platform()).deflate(bytes, likeness);
}

/** What was deflated; null where it does not inflate to exactly `length` bytes. */
export async function inflated(bytes: Uint8Array, length: number): Promise<Uint8Array | null> {
  const { inflate } = await platform();
  const out = await inflate(bytes, length).catch(() => null);
  return out?.length === length ? out : null;
}
