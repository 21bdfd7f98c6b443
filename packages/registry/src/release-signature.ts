// Who has put a release into a registry: a signature over all that the index says of it, so that neither its name nor its
// version can be given to other files that the same key has signed.
import { encodeJson, isSignedBy, type Json, normalKey, signBytes, type TrustOptions } from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import { RegistryError } from './registry-error.ts';
import { type Release, titleOf } from './release.ts';

/** All that the index says of a release but the signature. */
export function saidOf({ signature: _, ...said }: Release): { readonly [key: string]: Json } {
  return { ...said, files: Object.fromEntries(said.files) as unknown as Json };
}

function messageOf(key: string, release: Release): Uint8Array {
  const said = new TextDecoder().decode(encodeJson({ key, ...saidOf(release) }, 'a release'));
  return new TextEncoder().encode(`peftjs release signature\n${said}`);
}

export async function signRelease(release: Release, privateKey: string): Promise<Release> {
  return { ...release, signature: await signBytes(privateKey, (key) => messageOf(key, release)) };
}

/** @throws where the signature is not good, or no trusted key has signed */
export async function checkReleaseSignature(
  location: string,
  release: Release,
  { trusted }: TrustOptions,
): Promise<void> {
  const { signature } = release;
  const at = `${location}: ${titleOf(release)}`;
  const keys = trusted?.map(normalKey);
  const demand = keys && `a signature by ${keys.length === 0 ? 'no key at all' : keys.join(' or ')} is demanded`;
  if (signature === null) {
    if (demand === undefined) return;
    throw new RegistryError(`${at} is not signed, and ${demand}; publish it with a key`);
  }
  if (!(await isSignedBy(signature.key, signature.signature, messageOf(signature.key, release))))
    throw new RegistryError(`${at}: the signature in the index is not that of ${quote(signature.key)}: it was changed`);
  if (keys && !keys.includes(normalKey(signature.key)))
    throw new RegistryError(`${at} was published by ${signature.key}, and ${demand}`);
}
