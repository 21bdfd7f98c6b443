/** One file from the hub into the cache: resumed where it was cut, verified by its hash, fetched anew if it is damaged. */
import type { ByteSource } from '@peftjs/safetensors';
import { keyOfContent } from './content-key.ts';
import type { HubCache, UnfinishedFile } from './hub-cache.ts';
import type { Announced } from './hub-listing.ts';
import type { HubProgress } from './hub-options.ts';
import { fileUrl, type HubRepository } from './hub-repository.ts';
import { hubRequest } from './hub-request.ts';
import { retrying, TransientError } from './retrying.ts';

export interface Download {
  readonly hub: HubRepository;
  readonly commit: string;
  readonly file: string;
  readonly announced: Announced;
  readonly cache: HubCache;
  readonly onProgress: ((event: HubProgress) => void) | undefined;
}

/** How often a file is fetched whose content is not what the hub announced. */
const DAMAGED_TIMES = 2;

/** Gives the file from the cache, where it is fetched into first if it is not there. */
export async function downloadFile(download: Download): Promise<ByteSource> {
  const { hub, file, announced, cache } = download;
  const held = await inCache(download);
  if (held !== null) return held;
  tell(download, 'initiate', 0);
  const unfinished = await cache.begin(announced.key, hub.signal);
  try {
    // Another process may have brought it while this one waited.
    const brought = await inCache(download);
    if (brought !== null) return brought;
    for (let times = 1; ; times++) {
      await fill(unfinished, download);
      const found = await keyOfContent(announced.key, unfinished);
      if (unfinished.size === announced.size && found === announced.key) break;
      const size = unfinished.size;
      await unfinished.clear();
      if (times === DAMAGED_TIMES) {
        throw new Error(
          `[peftjs/models] ${file} of ${hub.id} arrived damaged ${times} times (${size} bytes, ${found}; the hub announces ${announced.size}, ${announced.key}): check the network and its proxies`,
        );
      }
    }
    await unfinished.commit();
  } finally {
    await unfinished.close();
  }
  tell(download, 'done', announced.size);
  return (await cache.get(announced.key))!;
}

async function inCache(download: Download): Promise<ByteSource | null> {
  const source = await download.cache.get(download.announced.key);
  if (source === null || source.size !== download.announced.size) return null;
  tell(download, 'cached', source.size);
  return source;
}

function tell({ file, announced, onProgress }: Download, status: HubProgress['status'], loaded: number): void {
  onProgress?.({ status, file, loaded, total: announced.size });
}

async function fill(unfinished: UnfinishedFile, download: Download): Promise<void> {
  const { hub, announced } = download;
  let furthest = unfinished.size;
  const progressed = (): boolean => {
    const further = unfinished.size > furthest;
    furthest = Math.max(furthest, unfinished.size);
    return further;
  };
  const attempt = async (): Promise<void> => {
    if (unfinished.size < announced.size) await receive(unfinished, download);
  };
  await retrying(attempt, hub.retry, hub.signal, progressed).catch((error: unknown) => {
    if (!(error instanceof TransientError)) throw error;
    const reached = `${unfinished.size} of ${announced.size} bytes`;
    throw new Error(
      `${error.message}. ${download.file} of ${hub.id} stopped at ${reached}, which are kept: load it again to go on`,
      { cause: error },
    );
  });
}

async function receive(unfinished: UnfinishedFile, download: Download): Promise<void> {
  const { hub, commit, file, announced, cache } = download;
  const start = unfinished.size;
  const response = await hubRequest(hub, {
    url: fileUrl(hub, commit, file),
    what: file,
    headers: start > 0 ? { range: `bytes=${start}-` } : {},
    accept: [416],
  });
  const resumes =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${start}-`) === true;
  if (start > 0 && !resumes) await unfinished.clear();
  if (response.status === 416 || (response.status === 206 && !resumes)) {
    await response.discard();
    throw new TransientError(`[peftjs/models] ${hub.endpoint} cannot resume ${file} at byte ${start}`);
  }
  tell(download, 'download', unfinished.size);
  for await (const chunk of response.chunks()) {
    await unfinished.append(chunk).catch((cause: Error) => {
      throw new Error(`[peftjs/models] ${file} of ${hub.id} cannot be kept in ${cache.location}: ${cause.message}`, {
        cause,
      });
    });
    tell(download, 'progress', unfinished.size);
    if (unfinished.size > announced.size) return;
  }
  if (unfinished.size < announced.size) {
    throw new TransientError(`[peftjs/models] ${hub.endpoint} ended ${file} early`);
  }
}
