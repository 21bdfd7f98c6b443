/** A model's files by the model's name: a folder on this machine, one behind a URL, or a model on the hub. */
import { diskFolder, type Folder, httpFolder } from '@peftjs/checkpoint';
import { nearest } from '@peftjs/safetensors';
import { modelFolder, openGgufIn } from '../gguf/gguf-folder.ts';
import { defaultCachePath, diskCache } from './disk-cache.ts';
import { hubFolder } from './hub-folder.ts';
import { environment, type HubOptions } from './hub-options.ts';
import { hubRepository, parseHubId } from './hub-repository.ts';
import { isNode, loadFs, loadPath } from './node-modules.ts';

/** A GGUF file, on a disk, behind a URL or among a model's files on the hub. */
const GGUF = /^(?:(.*)[\\/])?([^\\/]+\.gguf)$/;
const WEB = /^https?:\/\//;

/**
 * Opens what is behind a URL, a local folder, if there is one of this name, or else the model `owner/name` or
 * `owner/name@revision` on the hub. A URL's files are read by HTTP range, as far as they are needed, and not kept.
 * Of a model on the hub, nothing but the list of files is fetched yet: each file is when it is opened. A name that ends in
 * `.gguf` is a file in such a folder, and a folder that holds one and no safetensors is the model in it.
 *
 * @example
 * ```ts
 * const folder = await openModelFolder('HuggingFaceTB/SmolLM2-135M', {
 *   onProgress: ({ status, file, loaded, total }) => console.log(status, file, loaded, total),
 * });
 * const config = await folder.open('config.json');
 * ```
 */
export async function openModelFolder(name: string, options: HubOptions = {}): Promise<Folder> {
  options.signal?.throwIfAborted();
  const [, folder = '.', file] = GGUF.exec(name) ?? [];
  if (file !== undefined) {
    return openGgufIn(await findFolder(folder || '/', options), WEB.test(name) ? decodeURIComponent(file) : file);
  }
  return modelFolder(await findFolder(name, options));
}

async function findFolder(name: string, options: HubOptions): Promise<Folder> {
  if (WEB.test(name)) {
    const { signal, fetch } = options;
    return httpFolder(name, { ranges: true, ...(signal && { signal }), ...(fetch && { fetch }) });
  }
  const local = await findLocal(name);
  if (local.exists) return diskFolder(name);
  const parsed = parseHubId(name);
  if (parsed === null) {
    throw new Error(
      `[peftjs/models] no folder ${name}${local.near}, and a model on the hub is owner/name or owner/name@revision`,
    );
  }
  const endpoint = (options.endpoint ?? environment('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, '');
  const token = options.token === undefined ? (environment('HF_TOKEN') ?? null) : options.token;
  const offline =
    options.offline ?? ['1', 'true', 'yes', 'on'].includes((environment('HF_HUB_OFFLINE') ?? '').toLowerCase());
  const place = options.cache ?? (await defaultCachePath());
  const cache = typeof place === 'string' ? diskCache(place) : place;
  const hint = isNode() ? `, and there is no folder of that name here${local.near}` : '';
  return hubFolder(hubRepository(parsed, { ...options, endpoint }, token, hint), cache, offline, options.onProgress);
}

async function findLocal(name: string): Promise<{ readonly exists: boolean; readonly near: string }> {
  if (!isNode()) return { exists: false, near: '' };
  const [{ readdir, stat }, { basename, dirname, join }] = await Promise.all([loadFs(), loadPath()]);
  const found = await stat(name).catch(() => null);
  if (found?.isDirectory()) return { exists: true, near: '' };
  if (found !== null)
    throw new Error(`[peftjs/models] ${name} is a file: name the folder that it is in, ${dirname(name)}`);
  const siblings = await readdir(dirname(name), { withFileTypes: true }).catch(() => []);
  const near = nearest(
    basename(name),
    siblings.filter((entry) => entry.isDirectory()).map((entry) => entry.name),
  );
  return { exists: false, near: near === null ? '' : `; nearest: ${join(dirname(name), near)}` };
}
