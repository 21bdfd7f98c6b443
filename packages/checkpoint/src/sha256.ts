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
  /** Once it has resolved, the piece's memory is free. */
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
  let held = new Uint8Array(0);
  let bytes = 0;
  let long: { update(piece: Uint8Array): unknown; digest(): Uint8Array } | null = null;
  return {
    async update(piece) {
      const all = bytes + piece.length;
      if (long === null && all <= most) {
        if (all > held.length) held = enlarged(held.subarray(0, bytes), Math.min(most, Math.max(all, 2 * bytes)));
        held.set(piece, bytes);
        bytes = all;
        return;
      }
      long ??= (await import('@noble/hashes/sha2.js')).sha256.create();
      long.update(held.subarray(0, bytes));
      [held, bytes] = [new Uint8Array(0), 0];
      long.update(piece);
    },
    async digest() {
      return long ? hex(long.digest()) : sha256(held.subarray(0, bytes));
    },
  };
}

function enlarged(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}

const PIECE = 2 ** 24;

/** SHA-256 of a file, of which at most 16 MiB are in memory. */
export async function sha256Of(source: ByteSource): Promise<string> {
  const hash = await startSha256();
  const memory = new Uint8Array(Math.min(PIECE, source.size));
  for (let at = 0; at < source.size; at += PIECE)
    await hash.update(await source.read(at, Math.min(at + PIECE, source.size), memory));
  return hash.digest();
}

/** WebCrypto takes no memory that threads share. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
