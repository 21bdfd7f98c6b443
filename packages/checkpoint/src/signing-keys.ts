/** Ed25519 keys by the platform's WebCrypto, as texts: a public key is `ed25519:` and base64, a private one PKCS #8 in PEM. */
import { quote } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';

export interface KeyPair {
  /** `ed25519:` and 32 bytes in base64. To be given to whoever is to trust it. */
  readonly publicKey: string;
  /** PKCS #8 in PEM, as OpenSSL reads it. To be kept from everybody. */
  readonly privateKey: string;
}

const ALGORITHM = 'Ed25519';
const PREFIX = 'ed25519:';
const PEM = /^\s*-----BEGIN PRIVATE KEY-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END PRIVATE KEY-----\s*$/;

/** A new pair. */
export async function createKeys(): Promise<KeyPair> {
  const subtle = webCrypto();
  const { privateKey } = (await generated(subtle)) as CryptoKeyPair;
  const lines = toBase64(new Uint8Array(await subtle.exportKey('pkcs8', privateKey))).match(/.{1,64}/g) ?? [];
  const pem = `${['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----'].join('\n')}\n`;
  return { publicKey: await publicKeyOf(privateKey), privateKey: pem };
}

/** A signature of `message`, 64 bytes in base64, and the public key that it is checked with. */
export async function signBytes(
  privateKey: string,
  message: (publicKey: string) => Uint8Array,
): Promise<{ readonly key: string; readonly signature: string }> {
  const [, body] = PEM.exec(privateKey) ?? [];
  if (body === undefined)
    throw new CheckpointError('the private key is not PKCS #8 in PEM; make a pair with createKeys()');
  const subtle = webCrypto();
  const der = fromBase64(body.replace(/\s+/g, '')) ?? new Uint8Array();
  const key = await imported(subtle, 'pkcs8', der, 'sign', 'the private key');
  const publicKey = await publicKeyOf(key);
  const signature = new Uint8Array(await subtle.sign(ALGORITHM, key, owned(message(publicKey))));
  return { key: publicKey, signature: toBase64(signature) };
}

/** Whether the holder of `publicKey` has signed `message`. */
export async function isSignedBy(publicKey: string, signature: string, message: Uint8Array): Promise<boolean> {
  const subtle = webCrypto();
  const key = await imported(subtle, 'raw', publicKeyBytes(publicKey), 'verify', quote(publicKey));
  const bytes = fromBase64(signature);
  return bytes !== null && subtle.verify(ALGORITHM, key, owned(bytes), owned(message));
}

/** The same key as a text of one form. @throws where it is none */
export function normalKey(publicKey: string): string {
  return PREFIX + toBase64(publicKeyBytes(publicKey));
}

function publicKeyBytes(text: string): Uint8Array {
  const trimmed = text.trim();
  const bytes = trimmed.startsWith(PREFIX) ? fromBase64(trimmed.slice(PREFIX.length)) : null;
  if (bytes?.length === 32) return bytes;
  throw new CheckpointError(`${quote(trimmed)} is no public key; one is ${PREFIX} and 32 bytes in base64`);
}

const WHERE = 'Node 20, Chrome 137, Firefox 129 and Safari 17 have it, in a page over HTTPS or on localhost';

function webCrypto(): SubtleCrypto {
  if (globalThis.crypto?.subtle) return crypto.subtle;
  throw new CheckpointError(`signatures need WebCrypto with Ed25519, which is not here; ${WHERE}`);
}

function lacking(cause: unknown, what: string): CheckpointError {
  const message =
    (cause as Error).name === 'NotSupportedError'
      ? `signatures need Ed25519, which this runtime's WebCrypto lacks; ${WHERE}`
      : `${what} is no Ed25519 key: ${(cause as Error).message}`;
  return new CheckpointError(message, { cause });
}

async function generated(subtle: SubtleCrypto): Promise<CryptoKey | CryptoKeyPair> {
  try {
    return await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  } catch (cause) {
    throw lacking(cause, 'what was made');
  }
}

async function imported(
  subtle: SubtleCrypto,
  format: 'pkcs8' | 'raw',
  bytes: Uint8Array,
  use: 'sign' | 'verify',
  what: string,
): Promise<CryptoKey> {
  try {
    return await subtle.importKey(format, owned(bytes), ALGORITHM, true, [use]);
  } catch (cause) {
    throw lacking(cause, what);
  }
}

async function publicKeyOf(privateKey: CryptoKey): Promise<string> {
  const { x = '' } = await crypto.subtle.exportKey('jwk', privateKey);
  return normalKey(`${PREFIX}${x.replaceAll('-', '+').replaceAll('_', '/')}=`);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
