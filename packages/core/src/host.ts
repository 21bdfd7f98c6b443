// A model seen as a list of sites that can be wrapped.
import type { Variable } from '@tensorflow/tfjs-core';
import type { Adapter } from './adapter.ts';
import type { Link, NormSite, Site, SiteKind, SiteOf, WeightSite } from './site.ts';
import type { Weight } from './weight.ts';

/** Puts back exactly what was there. Calling it twice is calling it once. */
export type Undo = () => void;

export interface Host {
  /** What the model is called, and a hash of its weights. */
  readonly base: BaseModel;
  /** What the model is for, as PEFT's `task_type`: `CAUSAL_LM`, `SEQ_CLS`. */
  readonly task?: string;
  sites(): readonly Site[];
  /** Weights that belong to no site. */
  others?(): readonly Variable[];
  /** All that it holds, each once, as a file has it. Without it, nothing can be put in the place of what is there. */
  stored?(): readonly StoredTensor[];
  /** Adds a link on top of the site's chain, an adapter's if one is named: `createChains` does all of it. */
  wrap<K extends SiteKind>(site: SiteOf<K>, link: Link<K>, adapter?: Adapter): Undo;
  /** Replaces a weight. The old one is not disposed: it comes back with the undo. */
  setWeight(site: WeightSite, weight: Weight, bias?: Variable): Undo;
  /** Replaces a norm's gain and offset in the same way. Without it, methods on norms cannot be merged. */
  setNorm?(site: NormSite, gamma: Variable, beta?: Variable): Undo;
}

export interface BaseModel {
  readonly name: string;
  /** `sha256:…` over the weights as they were loaded; what adapters are checked against. */
  fingerprint(): Promise<string>;
  /** What it was loaded from; of a model that was not, none. */
  readonly file?: BaseFile;
}

/** The tensors of a file that a model took. */
export interface BaseFile {
  readonly tensors: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>;
  /** The bytes as they lie in the file, little-endian and row-major. Do not write into them. */
  read(name: string): Promise<Uint8Array>;
  /** What this file calls a tensor that `stored` has under another name. */
  nameOf(stored: string): string;
}

/** A tensor that a model holds. */
export interface StoredTensor {
  readonly name: string;
  /** In a file. */
  readonly shape: readonly number[];
  readonly held: Weight | Variable;
  /** A file has the held [o, i] as [i, o]. */
  readonly transposed?: boolean;
  /** The linear modules that multiply by it, by their names in a file. */
  readonly linear?: readonly string[];
  /** The model computes nothing with it. */
  readonly unused?: boolean;
}
