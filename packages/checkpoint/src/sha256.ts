/** SHA-256 as 64 hexadecimal digits: by WebCrypto, or in JavaScript where a page without HTTPS has none. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    const noble = await import('@noble/hashes/sha2.js');
    return hex(noble.sha256(bytes));
  }
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes))));
}

/** WebCrypto takes no memory that threads share. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
