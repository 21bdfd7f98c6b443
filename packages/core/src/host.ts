// A model seen as a list of sites that can be wrapped.
import type { Variable } from '@tensorflow/tfjs-core';
import type { EmbeddingSite, LinearSite, Link, Site, SiteKind, SiteOf } from './site.ts';
import type { Weight } from './weight.ts';

/** Puts back exactly what was there. Calling it twice is calling it once. */
export type Undo = () => void;

export interface Host {
  /** What the model is called, and a hash of its weights. */
  readonly base: BaseModel;
  sites(): readonly Site[];
  /** Adds a link on top of the site's chain. */
  wrap<K extends SiteKind>(site: SiteOf<K>, link: Link<K>): Undo;
  /** Replaces a weight. The old one is not disposed: it comes back with the undo. */
  setWeight(site: LinearSite | EmbeddingSite, weight: Weight, bias?: Variable): Undo;
}

export interface BaseModel {
  readonly name: string;
  /** `sha256:…` over the weights as they were loaded; what adapters are checked against. */
  fingerprint(): Promise<string>;
}
