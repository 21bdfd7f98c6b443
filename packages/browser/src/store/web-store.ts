/** The seam to what a browser keeps: bytes under a path. A folder and a cache of downloads are written on it once. */
export interface WebStore {
  /** Shown in errors. */
  readonly location: string;
  /** The bytes kept under a path, or null. They are read from the store when they are asked for, not before. */
  get(path: string): Promise<Blob | null>;
  /** Keeps bytes under a path, whole or not at all: a page that is closed in the middle leaves what was there. */
  put(path: string, bytes: Blob): Promise<void>;
  delete(path: string): Promise<void>;
  /** All paths that begin with `prefix`, sorted. */
  list(prefix: string): Promise<readonly string[]>;
}
