// Where a host takes its weights from, each once.
import type { Weight } from '@peftjs/core';
import type { Variable } from '@tensorflow/tfjs-core';

/** How a tensor lies in the file, and what to do where it is not there. */
export interface Stored {
  /** Its shape in the file, where that is another. */
  readonly shape?: readonly number[];
  /** What its site is. */
  readonly role?: string;
  /** The file has a matrix as [i, o]. */
  readonly transposed?: boolean;
  /** Its values where the file lacks it; an error when left out. */
  readonly otherwise?: () => Float32Array;
}

export interface Source {
  has(name: string): boolean;
  /** [o, i] */
  matrix(name: string, outDim: number, inDim: number, stored?: Stored): Promise<Weight>;
  /** [length] */
  vector(name: string, length: number, stored?: Stored): Promise<Variable>;
}
