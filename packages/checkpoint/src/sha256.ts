// SHA-256, of bytes that are there or that come in pieces.
import type { ByteSource } from '@peftjs/safetensors';
import { loadCrypto } from './node-modules.ts';

/** SHA-256 as 64 hexadecimal digits: by WebCrypto, or in JavaScript where a page without HTTPS has none. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    const noble = await import('@noble/hashes/sha2.js');
    return hex(noble.sha256(bytes));
  }
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes))));
}

/** A SHA-256 of bytes that come one piece after the other. */
export interface Hasher {
  /** What was given is not to be written into afterwards. */
  update(piece: Uint8Array): Promise<void>;
  /** 64 hexadecimal digits. Nothing may follow. */
  digest(): Promise<string>;
}

/** Hashes pieces as they come. */
export async function startSha256(): Promise<Hasher> {
  const node = await loadCrypto();
  if (node === null) return collecting();
  const hash = node.createHash('sha256');
  return { update: async (piece) => void hash.update(piece), digest: async () => hex(hash.digest()) };
}

/**
 * A page's WebCrypto takes all at once, and JavaScript takes ten times as long: pieces are collected until they are too many.
 *
 * @param most bytes that are collected
 */
export function collecting(most: number = 2 ** 26): Hasher {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let long: { update(piece: Uint8Array): unknown; digest(): Uint8Array } | null = null;
  return {
    async update(piece) {
      bytes += piece.length;
      pieces.push(piece);
      if (bytes <= most) return;
      long ??= (await import('@noble/hashes/sha2.js')).sha256.create();
      for (const one of pieces) long.update(one);
      pieces = [];
    },
    async digest() {
      return long ? hex(long.digest()) : sha256(joined(pieces, bytes));
    },
  };
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const PIECE = 2 ** 24;

/** SHA-256 of a file, of which at most 16 MiB are in memory. */
export async function sha256Of(source: ByteSource): Promise<string> {
  const hash = await startSha256();
  for (let at = 0; at < source.size; at += PIECE)
    await hash.update(await source.read(at, Math.min(at + PIECE, source.size)));
  return hash.digest();
}

/** WebCrypto takes no memory that threads share. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
