/** The Cache API: made for downloads; each file is kept as the response to a made-up address. */
import { missing, notKept } from './store-error.ts';
import type { WebStore } from './web-store.ts';

/** No address of this host can be fetched (RFC 2606). */
const HOST = 'https://peftjs.invalid/';

/**
 * A store in the Cache API. Needs a secure page.
 *
 * @param name of the cache
 */
export function cacheStorage(name: string = 'peftjs'): WebStore {
  const location = `cache:${name}`;

  const cache = (): Promise<Cache> => {
    if (!globalThis.caches) throw missing('the Cache API', location);
    return caches.open(name);
  };
  const address = (path: string): string => HOST + path.split('/').map(encodeURIComponent).join('/');

  return {
    location,
    async get(path) {
      const response = await (await cache()).match(address(path));
      return response ? response.blob() : null;
    },
    async put(path, bytes) {
      const store = await cache();
      await store.put(address(path), new Response(bytes)).catch((error: unknown) => {
        throw notKept(location, path, error);
      });
    },
    async delete(path) {
      await (await cache()).delete(address(path));
    },
    async list(prefix) {
      const requests = await (await cache()).keys();
      const paths = requests.map(({ url }) => url.slice(HOST.length).split('/').map(decodeURIComponent).join('/'));
      return paths.filter((path) => path.startsWith(prefix)).sort();
    },
  };
}
