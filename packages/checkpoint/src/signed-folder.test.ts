import { createPrivateKey, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { join } from 'node:path';
import { writeSafetensors } from '@peftjs/safetensors';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import type { WritableFolder } from './folder.ts';
import { loadAdapter } from './load-adapter.ts';
import { type MemoryFolder, memoryFolder } from './memory-folder.ts';
import { saveAdapter } from './save-adapter.ts';
import { sign, signedFolder, verifySignature } from './signed-folder.ts';
import { createKeys, normalKey } from './signing-keys.ts';

const record = {
  config: { peft_type: 'LORA', r: 1 },
  tensors: [{ key: 'k', shape: [2], data: Float32Array.of(1, 2) }],
  provenance: { base: { name: 'base', fingerprint: 'sha256:00' } },
};
const text = (value: string) => new TextEncoder().encode(value);
const json = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));
const [ours, theirs] = [await createKeys(), await createKeys()];

async function signed(keys = ours): Promise<MemoryFolder> {
  const folder = memoryFolder([], 'a');
  await saveAdapter(record, folder);
  await sign(folder, keys.privateKey);
  return folder;
}

const whole = await signed();
const changed = (name: string, bytes: Uint8Array | null) => {
  const rest = [...whole.files].filter(([one]) => one !== name);
  return memoryFolder(bytes === null ? rest : [...rest, [name, bytes]], 'a');
};

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('a signed folder', () => {
  it('loads as before, with the key demanded or not, from a disk too', async () => {
    expect(await loadAdapter(whole)).toEqual(record);
    expect(await loadAdapter(whole, { trusted: [theirs.publicKey, ours.publicKey] })).toEqual(record);
    const path = join(temporaryFolder(), 'a');
    await saveAdapter(record, path);
    expect(await sign(path, ours.privateKey)).toBe(ours.publicKey);
    expect(await loadAdapter(path, { trusted: [`${ours.publicKey}\n`] })).toEqual(record);
    expect((await verifySignature(path))?.files.size).toBe(4);
  });

  it('is refused where a byte of any file differs, a file is missing, or one was added', async () => {
    for (const [name, bytes] of whole.files) {
      const other = bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte));
      await expect(verifySignature(changed(name, other)), name).rejects.toThrow(
        /\[peftjs\/checkpoint\] (a\/|"ed25519)/,
      );
      if (name !== 'README.md') await expect(loadAdapter(changed(name, other)), name).rejects.toThrow('a/');
      if (name !== 'peftjs.sig.json')
        await expect(verifySignature(changed(name, null)), name).rejects.toThrow(`a has no "${name}", which was there`);
    }
    await expect(loadAdapter(changed('peftjs.json', null))).rejects.toThrow('a has no "peftjs.json"');
    await expect(loadAdapter(changed('more.txt', text('x')))).rejects.toThrow(
      'a/more.txt was not there when the folder was signed',
    );
    await expect(loadAdapter(changed('.DS_Store', text('x')))).resolves.toEqual(record);
  });

  it('is refused where other tensors come with hashes that are right', async () => {
    const tensors = [{ name: 'k', dtype: 'F32' as const, shape: [2], data: Float32Array.of(1, 3) }];
    const forged = memoryFolder([], 'a');
    await saveAdapter({ ...record, tensors: [{ ...record.tensors[0]!, data: Float32Array.of(1, 3) }] }, forged);
    expect(forged.files.get('adapter_model.safetensors')).toEqual(writeSafetensors(tensors, { format: 'pt' }));
    const folder = memoryFolder([...forged.files, ['peftjs.sig.json', whole.files.get('peftjs.sig.json')!]], 'a');
    await expect(loadAdapter(folder)).rejects.toThrow(
      /a\/\S+ has the SHA-256 \w{64}, it had \w{64} when it was signed/,
    );
  });

  it('by another key, or by none, is refused where a key is demanded', async () => {
    const trusted = [ours.publicKey];
    await expect(loadAdapter(await signed(theirs), { trusted })).rejects.toThrow(
      `a was signed by ${theirs.publicKey}, and a signature by ${ours.publicKey} is demanded`,
    );
    await expect(loadAdapter(changed('peftjs.sig.json', null), { trusted })).rejects.toThrow('a is not signed, and');
    await expect(loadAdapter(changed('peftjs.sig.json', null))).resolves.toEqual(record);
    await expect(loadAdapter(whole, { trusted: [] })).rejects.toThrow('a signature by no key at all is demanded');
    await expect(loadAdapter(whole, { trusted: ['ed25519:AAAA'] })).rejects.toThrow('"ed25519:AAAA" is no public key');
  });

  it('keeps its signature to itself: no part of it can be changed or taken elsewhere', async () => {
    const file = json(whole.files.get('peftjs.sig.json'));
    const other = json((await signed(theirs)).files.get('peftjs.sig.json'));
    const forged = [
      { ...file, key: theirs.publicKey },
      { ...file, signature: other.signature },
      { ...file, files: { ...file.files, 'more.txt': file.files['README.md'] } },
      { ...file, signature: 'AAAA' },
    ];
    for (const one of forged)
      await expect(loadAdapter(changed('peftjs.sig.json', text(JSON.stringify(one))))).rejects.toThrow(
        /a\/peftjs\.sig\.json: the signature is not that of "ed25519:/,
      );
    const hostile = { ...file, files: { '../x': file.files['README.md'] } };
    await expect(loadAdapter(changed('peftjs.sig.json', text(JSON.stringify(hostile))))).rejects.toThrow(
      'a/peftjs.sig.json: "../x" has no size and hash, or is no name of a file',
    );
  });

  it('in pieces, has its headers checked and nothing else of a safetensors file read', async () => {
    const ranges: number[] = [];
    const watched: WritableFolder = {
      ...whole,
      async open(name) {
        const source = await whole.open(name);
        if (source === null || !name.endsWith('.safetensors')) return source;
        const read = (start: number, end: number) => {
          ranges.push(end);
          return source.read(start, end);
        };
        return { ...source, read };
      },
    };
    const folder = await signedFolder(watched, {}, 'pieces');
    const { size } = (await folder.open('adapter_model.safetensors'))!;
    expect(Math.max(...ranges)).toBe(size - 8);
    const bytes = whole.files.get('adapter_model.safetensors')!;
    const header = bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte));
    const tampered = await signedFolder(changed('adapter_model.safetensors', header), {}, 'pieces');
    await expect(tampered.open('adapter_model.safetensors')).rejects.toThrow('when it was signed');
  });

  it('of which nothing is there is not signed', async () => {
    await expect(sign(memoryFolder([], 'none'), ours.privateKey)).rejects.toThrow('none has no files to sign');
  });
});

describe('keys', () => {
  it('are what OpenSSL has: another implementation verifies the signature', async () => {
    const { key, files, format, signature } = json(whole.files.get('peftjs.sig.json'));
    const priv = createPrivateKey(ours.privateKey);
    expect(priv.asymmetricKeyType).toBe('ed25519');
    const { x } = createPublicKey(priv).export({ format: 'jwk' });
    expect(normalKey(key)).toBe(`ed25519:${Buffer.from(x as string, 'base64url').toString('base64')}`);
    const sorted = (value: unknown): unknown =>
      typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, one]) => [name, sorted(one)]),
          )
        : value;
    const message = `peftjs folder signature\n${JSON.stringify(sorted({ files, format, key }), null, 2)}\n`;
    expect(nodeVerify(null, Buffer.from(message), createPublicKey(priv), Buffer.from(signature, 'base64'))).toBe(true);
  });

  it('that are none are refused, and a platform without Ed25519 says what has it', async () => {
    await expect(sign(whole, 'secret')).rejects.toThrow('the private key is not PKCS #8 in PEM');
    const pem = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    await expect(sign(whole, pem)).rejects.toThrow('the private key is no Ed25519 key');
    vi.stubGlobal('crypto', undefined);
    await expect(loadAdapter(whole)).rejects.toThrow('need WebCrypto with Ed25519, which is not here; Node 20');
    const subtle = { importKey: () => Promise.reject(new DOMException('x', 'NotSupportedError')) };
    vi.stubGlobal('crypto', { subtle });
    await expect(loadAdapter(whole)).rejects.toThrow("which this runtime's WebCrypto lacks; Node 20");
  });
});
