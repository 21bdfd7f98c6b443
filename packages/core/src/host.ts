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
}
