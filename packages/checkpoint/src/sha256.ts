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
  update(piece: Uint8Array): void;
  /** 64 hexadecimal digits. Nothing may follow. */
  digest(): string;
}

/** Hashes pieces, of which only one need be in memory: by Node's own, or in JavaScript on a page, whose WebCrypto takes all at once. */
export async function startSha256(): Promise<Hasher> {
  const node = await loadCrypto();
  const hash = node ? node.createHash('sha256') : (await import('@noble/hashes/sha2.js')).sha256.create();
  return { update: (piece) => void hash.update(piece), digest: () => hex(hash.digest()) };
}

const PIECE = 2 ** 24;

/** SHA-256 of a file, of which at most 16 MiB are in memory. */
export async function sha256Of(source: ByteSource): Promise<string> {
  const hash = await startSha256();
  for (let at = 0; at < source.size; at += PIECE) hash.update(await source.read(at, Math.min(at + PIECE, source.size)));
  return hash.digest();
}

/** WebCrypto takes no memory that threads share. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
