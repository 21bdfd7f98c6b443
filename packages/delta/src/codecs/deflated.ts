import { deflateSync, inflateSync } from 'fflate';

/** Raw deflate (RFC 1951). */
export function deflated(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes, { level: 6 });
}

/** What was deflated; null where it does not inflate to exactly `length` bytes. */
export function inflated(bytes: Uint8Array, length: number): Uint8Array | null {
  try {
    // One byte more than is expected: what does not fit is lost without a word.
    const out = inflateSync(bytes, { out: new Uint8Array(length + 1) });
    return out.length === length ? out.subarray(0, length) : null;
  } catch {
    return null;
  }
}
