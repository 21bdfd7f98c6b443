// Where a registry is: a folder on a disk, or the URL of a static host that serves one.
import { diskFolder, type Folder, type HttpFolderOptions, httpFolder } from '@peftjs/checkpoint';
import { RegistryError } from './registry-error.ts';

/** How a host is asked. */
export type RequestOptions = Omit<HttpFolderOptions, 'ranges'>;

export interface RegistryPlace {
  /** A path or a URL, without a slash at the end. */
  readonly location: string;
  readonly isRemote: boolean;
  /** A folder below it. Over HTTP a file of more than `most` bytes is refused before more of it has come. */
  at(path: string, most: number): Folder;
}

/** @param where a path, or a URL that begins with `http://` or `https://` */
export function registryPlace(where: string, options: RequestOptions): RegistryPlace {
  const location = where.replace(/\/+$/, '');
  const isRemote = /^https?:\/\//i.test(location);
  const join = (path: string) => (path === '' ? location : `${location}/${path}`);
  return {
    location,
    isRemote,
    at(path, most) {
      if (!isRemote) return diskFolder(join(path));
      return httpFolder(join(path), {
        ...options,
        ranges: false,
        fetch: bounded(options.fetch ?? globalThis.fetch, most),
      });
    },
  };
}

function bounded(fetch: typeof globalThis.fetch, most: number): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    let size = 0;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          size += piece.length;
          if (size > most)
            controller.error(new RegistryError(`${String(input)} is larger than the ${most} bytes that it may have`));
          else controller.enqueue(piece);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(counted, { status, statusText, headers });
  };
}
