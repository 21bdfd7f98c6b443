// A named place in a model where a method may act, and what each kind of place takes and gives.
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Weight } from './weight.ts';

/** What every site has. */
interface Place {
  /** The module's name as Hugging Face has it: `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** What it is for, the same on every model: `attn.q`, `mlp.down`, `head`. */
  readonly role: string;
}

export interface LinearSite extends Place {
  readonly kind: 'linear';
  readonly inDim: number;
  readonly outDim: number;
  readonly weight: Weight;
  readonly bias: Variable | null;
}

export interface EmbeddingSite extends Place {
  readonly kind: 'embedding';
  readonly vocab: number;
  readonly dim: number;
  readonly weight: Weight;
}

export interface NormSite extends Place {
  readonly kind: 'norm';
  readonly dim: number;
  readonly gamma: Variable;
  readonly beta: Variable | null;
}

export interface AttentionSite extends Place {
  readonly kind: 'attention';
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

export interface ResidualSite extends Place {
  readonly kind: 'residual';
  readonly dim: number;
}

export interface SequenceSite extends Place {
  readonly kind: 'sequence';
  readonly dim: number;
}

/** The model's input embeddings, as they enter the first block. */
export interface Sequence {
  /** [b, t, d] */
  readonly embeds: Tensor;
  /** [b, past + t], 1 for a token and 0 for padding. */
  readonly mask: Tensor;
  /** [b, t] int32 */
  readonly positions: Tensor;
  /** [b, t] int32, -100 where a position does not count. */
  readonly labels?: Tensor;
  /** Tokens already in the key-value cache. */
  readonly past: number;
}

/** Queries [b, t, h, f] and keys, already rotated; keys and values [b, s, g, f]; mask [b, s]. */
export interface AttentionInput {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mask: Tensor;
}

/** A normalization's input with the gain and offset to use. */
export interface NormInput {
  /** [..., d] */
  readonly x: Tensor;
  /** [d] */
  readonly gamma: Tensor;
  /** [d] */
  readonly beta: Tensor | null;
}

/** What a chain at each kind of site takes and gives. */
export interface Kinds {
  /** [..., i] to [..., o] */
  readonly linear: { readonly site: LinearSite; readonly in: Tensor; readonly out: Tensor };
  /** ids, int32 of any shape, to [..., d] */
  readonly embedding: { readonly site: EmbeddingSite; readonly in: Tensor; readonly out: Tensor };
  /** [..., d] to [..., d] */
  readonly norm: { readonly site: NormSite; readonly in: NormInput; readonly out: Tensor };
  /** [b, t, h, f]; the base is softmax(q k' + mask) v */
  readonly attention: { readonly site: AttentionSite; readonly in: AttentionInput; readonly out: Tensor };
  /** [b, t, d] to [b, t, d]; the base is the block's branch, before it is added */
  readonly residual: { readonly site: ResidualSite; readonly in: Tensor; readonly out: Tensor };
  /** the base is the identity; the host runs on what comes out */
  readonly sequence: { readonly site: SequenceSite; readonly in: Sequence; readonly out: Sequence };
}

export type SiteKind = keyof Kinds;
export type SiteOf<K extends SiteKind> = Kinds[K]['site'];
export type In<K extends SiteKind> = Kinds[K]['in'];
export type Out<K extends SiteKind> = Kinds[K]['out'];
export type Site = SiteOf<SiteKind>;

/** What a forward pass is told besides its input. An argument everywhere, never ambient. */
export interface Context {
  readonly training: boolean;
  /** Seeds what is random in this pass, dropout for one. */
  readonly seed: number;
}

/** Changes what a site computes. `base` is what lies below. */
export type Link<K extends SiteKind> = (base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context) => Out<K>;
