import type { HubCache } from './hub-cache.ts';

/** What happens to one file of a model on its way from the hub. */
export interface HubProgress {
  /**
   * - `initiate`: it is not in the cache and will be asked for
   * - `download`: its bytes begin to arrive; `loaded` is what an earlier try had left
   * - `progress`: more of it has arrived
   * - `done`: it is whole, verified and kept
   * - `cached`: it was in the cache
   */
  readonly status: 'initiate' | 'download' | 'progress' | 'done' | 'cached';
  readonly file: string;
  /** Bytes. */
  readonly loaded: number;
  /** Bytes. */
  readonly total: number;
}

/** How often and how patiently a request is tried again. */
export interface Retry {
  /** Tries after one that failed, counted anew when one brings something new. 5 unless set. */
  readonly times: number;
  /** Milliseconds before the first of them, doubled each time. 500 unless set. */
  readonly delay: number;
  /** Milliseconds without a byte after which a connection counts as cut. 30,000 unless set. */
  readonly stall: number;
}

/** Where models come from and where they are kept. */
export interface HubOptions {
  /** The hub's address: `HF_ENDPOINT` from the environment, else https://huggingface.co. */
  readonly endpoint?: string;
  /** For private and gated models: `HF_TOKEN` from the environment, unless null. */
  readonly token?: string | null;
  /** A cache, or the folder of one. Unless set, in `PEFTJS_CACHE`, else in `XDG_CACHE_HOME/peftjs/hub`, else in `~/.cache/peftjs/hub`. */
  readonly cache?: HubCache | string;
  /** Take everything from the cache: true where `HF_HUB_OFFLINE` is 1. */
  readonly offline?: boolean;
  /** Stops a download at once. What has arrived is kept for the next. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: HubProgress) => void;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  readonly retry?: Partial<Retry>;
}

/** A variable of the environment, where there is one and it is not empty. */
export function environment(name: string): string | undefined {
  return (typeof process === 'object' && process?.env?.[name]) || undefined;
}
