/** A fingerprint of a model's weights, the same however they are sharded and ordered. */
import type { TensorFile } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';
import { sha256 } from './sha256.ts';

/** A tensor as it is stored. */
export interface FingerprintEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** As in the file: little-endian, row-major. */
  readonly bytes: Uint8Array;
}

/** A tensor of which the hash is known. */
export interface TensorDigest extends Omit<FingerprintEntry, 'bytes'> {
  /** SHA-256 of the bytes, 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * `sha256:` and the SHA-256 of one line for each tensor, sorted by name. The line is the JSON list
 * `[name, dtype, shape, SHA-256 of the bytes]`.
 */
export async function fingerprint(
  entries: AsyncIterable<FingerprintEntry> | Iterable<FingerprintEntry>,
): Promise<string> {
  const digests: TensorDigest[] = [];
  for await (const { name, dtype, shape, bytes } of entries)
    digests.push({ name, dtype, shape, sha256: await sha256(bytes) });
  return fingerprintOf(digests);
}

/** The fingerprint of tensors of which the hashes are known. */
export async function fingerprintOf(digests: Iterable<TensorDigest>): Promise<string> {
  const lines = new Map<string, string>();
  for (const { name, dtype, shape, sha256: digest } of digests) {
    if (lines.has(name)) throw new CheckpointError(`tensor ${JSON.stringify(name)} came twice to be fingerprinted`);
    lines.set(name, `${JSON.stringify([name, dtype, shape, digest])}\n`);
  }
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
  return `sha256:${await sha256(new TextEncoder().encode(sorted.join('')))}`;
}

/** The fingerprint of weights on disk, one tensor in memory at a time. */
export function fingerprintWeights(
  weights: TensorFile,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  return fingerprint(entriesOf(weights, options.signal));
}

async function* entriesOf(weights: TensorFile, signal?: AbortSignal): AsyncGenerator<FingerprintEntry> {
  for (const [name, { dtype, shape }] of weights.tensors) {
    signal?.throwIfAborted();
    yield { name, dtype, shape, bytes: await weights.read(name) };
  }
}
