/** What a hub says of a model at a revision: its commit, and its files with their sizes and hashes. Kept for offline use. */

import { nearest } from '@peftjs/safetensors';
import { type ContentKey, keyOfEtag } from './content-key.ts';
import type { HubCache } from './hub-cache.ts';
import { fileUrl, type HubRepository } from './hub-repository.ts';
import { hubRequest } from './hub-request.ts';
import { isModelFileName } from './model-file-name.ts';
import { retrying, TransientError } from './retrying.ts';

/** A file's content, as the hub announces it. */
export interface Announced {
  readonly key: ContentKey;
  readonly size: number;
}

export interface HubListing {
  readonly commit: string;
  /** The files that are used, null where the list alone says nothing of the content. */
  readonly files: Readonly<Record<string, Announced | null>>;
}

/** The listing: from the hub, or from the cache if the hub is out of reach, is not to be asked, or has nothing new to say. */
export async function hubListing(hub: HubRepository, cache: HubCache, offline: boolean): Promise<HubListing> {
  const kept = await cache.readNote(noteName(hub));
  const listing = kept === null ? null : (JSON.parse(kept) as HubListing);
  if (listing !== null && (offline || listing.commit === hub.revision)) return listing;
  if (offline) {
    throw new Error(
      `[peftjs/models] ${hub.id} at "${hub.revision}" is not in the cache at ${cache.location}: load it once while online`,
    );
  }
  const retry = listing === null ? hub.retry : { ...hub.retry, times: 0 };
  try {
    const fresh = await retrying(() => request(hub), retry, hub.signal);
    await keepListing(hub, cache, fresh);
    return fresh;
  } catch (error) {
    if (listing !== null && error instanceof TransientError) return listing;
    throw error;
  }
}

/** Keeps a listing for later, under the revision that was asked for and under its commit. */
export async function keepListing(hub: HubRepository, cache: HubCache, listing: HubListing): Promise<void> {
  for (const revision of new Set([hub.revision, listing.commit])) {
    await cache.writeNote(noteName({ ...hub, revision }), JSON.stringify(listing));
  }
}

/** Asks for the head of a file, where the listing says nothing of its content. */
export function announcedByHead(hub: HubRepository, commit: string, file: string): Promise<Announced> {
  const attempt = async (): Promise<Announced> => {
    let url = fileUrl(hub, commit, file);
    for (let redirects = 0; redirects < 5; redirects++) {
      const options = { url, what: file, method: 'HEAD', redirect: 'manual', accept: REDIRECTS } as const;
      const { status, headers, discard } = await hubRequest(hub, options);
      await discard();
      const etag = headers.get('x-linked-etag');
      const location = headers.get('location');
      if (etag === null && REDIRECTS.includes(status) && location !== null) {
        url = new URL(location, url).href;
        if (!url.startsWith(`${hub.endpoint}/`)) break;
        continue;
      }
      const tag = etag ?? headers.get('etag');
      const size = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN);
      if (tag === null || !Number.isSafeInteger(size)) break;
      return { key: keyOfEtag(tag, url, headers.has('x-repo-commit')), size };
    }
    throw new Error(`[peftjs/models] ${hub.endpoint} tells neither hash nor size of ${file}: it is no hub of models`);
  };
  return retrying(attempt, hub.retry, hub.signal);
}

const REDIRECTS = [301, 302, 303, 307, 308];

function noteName({ endpoint, id, revision }: HubRepository): string {
  return [endpoint, id, revision].map((part) => encodeURIComponent(part)).join('/');
}

interface Sibling {
  readonly rfilename: string;
  readonly size?: number;
  readonly blobId?: string;
  readonly lfs?: { readonly sha256?: string; readonly size?: number };
}

async function request(hub: HubRepository): Promise<HubListing> {
  const url = `${hub.endpoint}/api/models/${hub.id}/revision/${encodeURIComponent(hub.revision)}?blobs=true`;
  const response = await hubRequest(hub, { url, what: `the file list of ${hub.id}`, accept: [404] });
  if (response.status === 404) {
    await response.discard();
    throw await notFound(hub, response.headers);
  }
  const { sha, siblings } = (await response.json()) as {
    readonly sha?: unknown;
    readonly siblings?: readonly Sibling[];
  };
  if (!Array.isArray(siblings)) {
    throw new Error(`[peftjs/models] ${hub.endpoint} lists no files of ${hub.id}: check the endpoint`);
  }
  const files = siblings
    .filter(({ rfilename }) => typeof rfilename === 'string' && isModelFileName(rfilename))
    .map((sibling) => [sibling.rfilename, announced(sibling)] as const);
  return { commit: typeof sha === 'string' ? sha : hub.revision, files: Object.fromEntries(files) };
}

function announced({ size, blobId, lfs }: Sibling): Announced | null {
  const length = lfs?.size ?? size;
  if (typeof length !== 'number') return null;
  if (lfs !== undefined && lfs !== null) {
    return /^[0-9a-f]{64}$/.test(lfs.sha256 ?? '') ? { key: `sha256-${lfs.sha256}`, size: length } : null;
  }
  return /^[0-9a-f]{40}$/.test(blobId ?? '') ? { key: `git-${blobId}`, size: length } : null;
}

/** A model that is not there, or a revision that it does not have, with the nearest one that it has. */
async function notFound(hub: HubRepository, headers: Headers): Promise<Error> {
  const page = `${hub.endpoint}/${hub.id}`;
  const code = headers.get('x-error-code');
  const names = code === 'RepoNotFound' ? null : await revisionNames(hub).catch(() => null);
  hub.signal?.throwIfAborted();
  if (names === null && code !== 'RevisionNotFound') {
    return new Error(`[peftjs/models] ${hub.endpoint} has no model "${hub.id}" (404)${hub.hint}`);
  }
  const near = nearest(hub.revision, names ?? []);
  return new Error(
    `[peftjs/models] ${page} has no revision "${hub.revision}"${near === null ? '' : `; nearest: "${near}"`}`,
  );
}

async function revisionNames(hub: HubRepository): Promise<readonly string[]> {
  const url = `${hub.endpoint}/api/models/${hub.id}/refs`;
  const refs = await (await hubRequest(hub, { url, what: `the revisions of ${hub.id}` })).json();
  return Object.values(refs as Record<string, unknown>).flatMap((list) =>
    Array.isArray(list) ? list.map(({ name }: { readonly name: string }) => name) : [],
  );
}
