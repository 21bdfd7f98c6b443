import type { ByteSource, TensorFile } from '@peftjs/safetensors';

/** A flat folder of files, wherever it lives: a disk, the hub's cache, OPFS, memory. */
export interface Folder {
  /** Shown in errors: a path or a URL. */
  readonly location: string;
  list(): Promise<readonly string[]>;
  /** Opens a file for reading, or gives null where there is none of that name. */
  open(name: string): Promise<ByteSource | null>;
  /** A model's weights, where they are not in safetensors. */
  readonly weights?: TensorFile;
}

/** Content of a file: whole, or in parts that come one after the other. A part's memory is free once the next is asked for. */
export type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

/** A folder that can be written. */
export interface WritableFolder extends Folder {
  /**
   * Replaces the folder's content by `files`, all or nothing: what was there stays whole until every byte of the new
   * content is safe, and stays if writing fails. Nothing is deleted that is not replaced: where the folder holds
   * something that `files` does not name, this rejects and names it. Files are asked for their content one after the
   * other, in the order of `files`.
   */
  replace(files: ReadonlyMap<string, FileContent>): Promise<void>;
}
