/** Where downloaded files are kept: a disk now, a browser's storage in a file of its own. Files are found by their content. */
import type { ByteSource } from '@peftjs/safetensors';

export interface HubCache {
  /** Shown in errors. */
  readonly location: string;
  /** A file that arrived whole, or null. A key is made of letters, digits and dashes. */
  get(key: string): Promise<ByteSource | null>;
  /** Opens the download of a file, with what an earlier one left. Waits while another process is at the same file. */
  begin(key: string, signal?: AbortSignal): Promise<UnfinishedFile>;
  /** A small text kept under a name that may contain slashes, or null. */
  readNote(name: string): Promise<string | null>;
  writeNote(name: string, text: string): Promise<void>;
}

/** A file on its way. It outlives the process: what was appended is there at the next `begin`. */
export interface UnfinishedFile {
  /** Bytes held. */
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  read(start: number, end: number): Promise<Uint8Array>;
  /** Throws away what is held. */
  clear(): Promise<void>;
  /** Makes it the file of its key, whole and in one step. */
  commit(): Promise<void>;
  /** Lets go of it. What is held stays. */
  close(): Promise<void>;
}
