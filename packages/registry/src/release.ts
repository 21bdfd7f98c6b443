// A release: one version of one adapter or delta, as the index of a registry lists it. It never changes.
import type { FolderKind } from '@peftjs/checkpoint';

/** A file of a release. */
export interface ReleasedFile {
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface Release {
  readonly name: string;
  readonly version: string;
  readonly kind: Exclude<FolderKind, 'model'>;
  /** Names the content, whatever is said of it (see `contentHash`). */
  readonly hash: string;
  /** As far as it is known: an adapter from Python says its base's name at most. */
  readonly base: { readonly name: string; readonly fingerprint: string | null } | null;
  /** Fingerprint of the model that a delta gives. */
  readonly result: string | null;
  readonly parents: readonly string[];
  readonly metrics: { readonly [name: string]: number };
  readonly license: string | null;
  readonly author: string | null;
  /** When it was published, ISO 8601. */
  readonly published: string;
  readonly files: ReadonlyMap<string, ReleasedFile>;
  /** Of who published it, over all the rest, by a public key; null where nobody has signed. */
  readonly signature: { readonly key: string; readonly signature: string } | null;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const VERSION = /^[a-z0-9][a-z0-9.+_-]{0,49}$/;

/** Names are lower case, so that they are the same on every file system. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

export function isVersion(value: unknown): value is string {
  return typeof value === 'string' && VERSION.test(value);
}

/** `name@version` */
export function titleOf({ name, version }: Pick<Release, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** Where its files lie below the registry. */
export function folderOf({ name, version }: Pick<Release, 'name' | 'version'>): string {
  return `releases/${name}/${version}`;
}

export function sizeOf({ files }: Release): number {
  return [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}
