import type { Pause } from '../codec.ts';

/** A pure function of bytes. Any thread may run it: what it gives is the same, in memory of its own. */
export interface Task<Options> {
  readonly name: string;
  /** @param inputs may be gone once it has returned, or its promise has been kept */
  run(inputs: readonly Uint8Array[], options: Options, pause: Pause): Outputs | Promise<Outputs>;
}

export type Outputs = readonly Uint8Array[];
