// A backend: a place where tensors live and run. One of these values is all that a backend package exports.
import type { Kernel } from './fused-op.ts';

/** What a started backend can do, for logs, `peftjs doctor` and a page's status line. */
export interface Capabilities {
  /** The backend's name, which is also the name tfjs knows it by. */
  readonly backend: string;
  /** What it runs on, in words: `2 threads, SIMD`, `NVIDIA H200`. */
  readonly device: string;
  /** Threads that compute; 1 where there is no such thing. */
  readonly threads: number;
  /** Bytes that a tensor may have at most, where there is such a limit. */
  readonly largestTensor?: number;
  /** Anything else worth showing: versions, limits, features. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** `null` where the backend can run, otherwise the reason why not, with what to do. */
export type Obstacle = string | null;

export interface Backend {
  readonly name: string;
  /** Looks, without starting anything, whether the backend can run here. Never rejects. */
  probe(): Promise<Obstacle>;
  /** Starts it: registers the tfjs backend under `name` and repairs what is broken there. Called once. */
  start(): Promise<Capabilities>;
  /** Its forms of the fused ops, asked for after `start`. */
  kernels(): readonly Kernel[];
  /** Why what was started can no longer be used, as after a device was lost; null while it can. It is then started anew. */
  fault?(): string | null;
}
