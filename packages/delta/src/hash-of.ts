import { startSha256 } from '@peftjs/checkpoint';

/** The SHA-256 of bytes in pieces. Where it can be found at once it is: that takes no longer than to give them to another thread. */
export async function hashOf(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = await startSha256();
  for await (const piece of pieces) await hash.update(piece);
  return hash.digest();
}
