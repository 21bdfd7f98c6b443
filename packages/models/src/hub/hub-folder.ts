/** A model on the hub as a folder: its files are fetched into the cache when they are opened. */
import type { Folder } from '@peftjs/checkpoint';
import type { ByteSource } from '@peftjs/safetensors';
import { downloadFile } from './download-file.ts';
import type { HubCache } from './hub-cache.ts';
import { type Announced, announcedByHead, type HubListing, hubListing, keepListing } from './hub-listing.ts';
import type { HubProgress } from './hub-options.ts';
import type { HubRepository } from './hub-repository.ts';
import { checkFileName } from './model-file-name.ts';

export async function hubFolder(
  hub: HubRepository,
  cache: HubCache,
  offline: boolean,
  onProgress: ((event: HubProgress) => void) | undefined,
): Promise<Folder> {
  let listing: HubListing = await hubListing(hub, cache, offline);
  const { commit } = listing;
  const location = `${hub.endpoint}/${hub.id}${hub.revision === 'main' ? '' : `/tree/${hub.revision}`}`;
  const opening = new Map<string, Promise<ByteSource>>();

  const announce = async (file: string): Promise<Announced> => {
    const known = listing.files[file];
    if (known !== null && known !== undefined) return known;
    if (offline) throw notHere(file);
    const announced = await announcedByHead(hub, commit, file);
    listing = { commit, files: { ...listing.files, [file]: announced } };
    await keepListing(hub, cache, listing);
    return announced;
  };
  const notHere = (file: string): Error =>
    new Error(
      `[peftjs/models] ${file} of ${hub.id} is not in the cache at ${cache.location}: load it once while online`,
    );
  const fetched = async (file: string): Promise<ByteSource> => {
    const announced = await announce(file);
    if (offline && (await cache.get(announced.key))?.size !== announced.size) throw notHere(file);
    const source = await downloadFile({ hub, commit, file, announced, cache, onProgress });
    return { name: `${location}/${file}`, size: source.size, read: (start, end) => source.read(start, end) };
  };

  return {
    location,
    list: async () => Object.keys(listing.files),
    async open(file) {
      checkFileName(file, location);
      if (!Object.hasOwn(listing.files, file)) return null;
      const open = opening.get(file) ?? fetched(file);
      opening.set(file, open);
      open.catch(() => opening.delete(file));
      return open;
    },
  };
}
