// Folders of the repository, by their path in it: on the disk, or as Vite serves them to a page.
import { diskFolder, type Folder, httpFolder } from '@peftjs/checkpoint';

/** Opens a folder of the repository. */
export type Repository = (path: string) => Folder;

export const onDisk: Repository = (path) => diskFolder(new URL(`../../../${path}`, import.meta.url).pathname);

export const served: Repository = (path) => httpFolder(`/${path}`);
