// A new release in a registry's folder: its files are written aside, then they and the index take their place, one
// publisher at a time. What was published stays as it is.
import {
  checkDigest,
  diskFolder,
  type FileContent,
  type Folder,
  type FoundRecord,
  readProvenance,
  recordOf,
  SIGNATURE_FILE,
  sha256Of,
  sign,
  verifySignature,
} from '@peftjs/checkpoint';
import { type ByteSource, quote } from '@peftjs/safetensors';
import { encodeIndex, INDEX_FILE, readIndex } from './index-file.ts';
import { errorCode, loadFs } from './node-modules.ts';
import { piecesOf } from './pull.ts';
import { RegistryError } from './registry-error.ts';
import { registryPlace } from './registry-place.ts';
import { folderOf, isName, isVersion, type Release, type ReleasedFile, titleOf } from './release.ts';
import { signRelease } from './release-signature.ts';
import { whileLocked } from './while-locked.ts';

export interface PublishOptions {
  /** Lower-case letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** The whole number after the largest one that is there, when left out. */
  readonly version?: string | undefined;
  /** PKCS #8 in PEM, from `createKeys`: signs what the index says of the release, and its files where nobody has signed them. */
  readonly privateKey?: string | undefined;
}

/**
 * Publishes an adapter or a delta.
 *
 * @param where the registry's folder, which is made with the first release; a host serves it as it is
 * @throws where the version is there already, or the files are not those that were saved or signed; nothing has changed then
 * @example
 * await publish('/shared/adapters', 'out/notes', { name: 'notes' });
 */
export async function publish(
  where: string,
  source: string | Folder,
  { name, version, privateKey }: PublishOptions,
): Promise<Release> {
  const place = registryPlace(where, {});
  const root = place.location;
  if (place.isRemote)
    throw new RegistryError(`${root} is served by a host, which takes nothing; publish to the folder that it serves`);
  if (!isName(name))
    throw new RegistryError(
      `${quote(name)} is no name for a release; use lower-case letters, digits, ".", "_" and "-"`,
    );
  if (version !== undefined && !isVersion(version))
    throw new RegistryError(`${quote(version)} is no version; use lower-case letters, digits, ".", "+", "_" and "-"`);
  const folder = typeof source === 'string' ? diskFolder(source) : source;
  const record = await checkedRecord(folder);
  const content = new Map<string, FileContent>();
  for (const [file, bytes] of await filesOf(folder)) content.set(file, piecesOf(bytes));
  const fs = await loadFs();
  const staged = `${root}/releases/.new-${crypto.randomUUID()}`;
  await fs.mkdir(`${root}/releases`, { recursive: true }).catch((cause: unknown) => {
    throw new RegistryError(`${root} cannot be made or written (${errorCode(cause)}); name another place for it`, {
      cause,
    });
  });
  try {
    await diskFolder(staged).replace(content);
    if (privateKey !== undefined && !content.has(SIGNATURE_FILE)) await sign(staged, privateKey);
    const files = new Map<string, ReleasedFile>();
    for (const [file, bytes] of await filesOf(diskFolder(staged)))
      files.set(file, { bytes: bytes.size, sha256: await sha256Of(bytes) });
    return await whileLocked(`${root}/index.lock`, async () => {
      const index = await diskFolder(root).open(INDEX_FILE);
      const before = index === null ? [] : await readIndex(index);
      const said = releaseOf(record, files, name, version ?? nextVersion(before, name));
      const release = privateKey === undefined ? said : await signRelease(said, privateKey);
      if (before.some((one) => titleOf(one) === titleOf(release)))
        throw new RegistryError(`${root} has ${titleOf(release)} already, and a version never changes; choose another`);
      const target = `${root}/${folderOf(release)}`;
      // What lies there without being in the index was left by a publisher that was killed.
      await fs.rm(target, { recursive: true, force: true });
      await fs.mkdir(`${root}/releases/${name}`, { recursive: true });
      await fs.rename(staged, target);
      await replaceFile(`${root}/${INDEX_FILE}`, encodeIndex([...before, release]));
      return release;
    });
  } finally {
    await fs.rm(staged, { recursive: true, force: true });
  }
}

/** What a folder says of itself, if all of it is as it was saved and signed. */
async function checkedRecord(folder: Folder): Promise<FoundRecord & { readonly hash: string }> {
  await verifySignature(folder);
  const record = await recordOf(folder);
  if (record === null) throw new RegistryError(`${folder.location} holds no adapter and no delta`);
  const { kind, hash } = record;
  if (kind === 'model' || hash === null)
    throw new RegistryError(
      `${folder.location} holds a model; publish its difference from the base (peftjs delta diff)`,
    );
  const said = await readProvenance(folder);
  for (const name of said?.files.keys() ?? []) {
    // A card may be written anew.
    if (name === 'README.md') continue;
    const source = await folder.open(name);
    if (source === null)
      throw new RegistryError(`${folder.location} has no ${quote(name)}, which peftjs.json speaks of`);
    await checkDigest(said as NonNullable<typeof said>, name, await source.read(0, source.size), source.name);
  }
  return { ...record, hash };
}

function releaseOf(
  { kind, hash, base, result, parents, provenance }: FoundRecord & { readonly hash: string },
  files: Release['files'],
  name: string,
  version: string,
): Release {
  return {
    name,
    version,
    kind: kind as Release['kind'],
    hash,
    base: base && { name: base.name, fingerprint: base.fingerprint },
    result,
    parents,
    metrics: provenance?.metrics ?? {},
    license: provenance?.license ?? null,
    author: provenance?.author ?? null,
    published: new Date().toISOString(),
    files,
    signature: null,
  };
}

async function filesOf(folder: Folder): Promise<readonly (readonly [name: string, source: ByteSource])[]> {
  const names = (await folder.list()).filter((one) => !one.startsWith('.')).sort();
  return Promise.all(names.map(async (name) => [name, (await folder.open(name)) as ByteSource] as const));
}

function nextVersion(releases: readonly Release[], name: string): string {
  const numbers = releases
    .filter((release) => release.name === name && /^\d{1,9}$/.test(release.version))
    .map(({ version }) => Number(version));
  return String(Math.max(0, ...numbers) + 1);
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const fs = await loadFs();
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    const file = await fs.open(aside, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(aside, path);
  } catch (cause) {
    await fs.rm(aside, { force: true });
    throw new RegistryError(`${path} was not written (${errorCode(cause)}), what it held is untouched`, { cause });
  }
}
