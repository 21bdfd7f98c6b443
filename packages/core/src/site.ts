// A named place in a model where a method may act, and what each kind of place takes and gives.
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Affine } from './affine.ts';
import type { Route } from './route.ts';
import type { Weight } from './weight.ts';

/** What every site has. */
interface Place {
  /** The module's name as Hugging Face has it: `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** What it is for, the same on every model: `attn.q`, `mlp.down`, `head`; one module may have several, `attn.q attn.k attn.v`. */
  readonly role: string;
}

export interface LinearSite extends Place {
  readonly kind: 'linear';
  readonly inDim: number;
  readonly outDim: number;
  readonly weight: Weight;
  readonly bias: Variable | null;
  /** The model's files hold the matrix as [i, o], as GPT-2's Conv1D; `weight` is [o, i] all the same. */
  readonly transposed?: boolean;
}

export interface ConvSite extends Place {
  readonly kind: 'conv';
  /** Channels in. */
  readonly inDim: number;
  /** Channels out. */
  readonly outDim: number;
  readonly kernel: readonly [height: number, width: number];
  /** [o, i kh kw], its rows in the order of torch's filters. */
  readonly weight: Weight;
  readonly bias: Variable | null;
  /** Convolves x [b, y, x, i'] with filters [kh, kw, i', o'] at this site's strides, padding and dilation. */
  readonly convolve: (x: Tensor, filters: Tensor) => Tensor;
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
  /** The most positions that the model was made for, where there is such a number. */
  readonly context?: number;
}

export interface StreamSite extends Place {
  readonly kind: 'stream';
  readonly dim: number;
}

/** The model's input embeddings, before positions are added to them or the first block sees them. */
export interface Sequence {
  /** [b, t, d] */
  readonly embeds: Tensor;
  /** [b, past + t], 1 for a token and 0 for padding. */
  readonly mask: Tensor;
  /** [b, t] int32 */
  readonly positions: Tensor;
  /** [b, t] int32, where each token has one: -100 where a position does not count. */
  readonly labels?: Tensor;
  /** [b, t] int32, where the model tells segments apart. */
  readonly segments?: Tensor;
  /** Positions already in the key-value cache. */
  readonly past: number;
  /** Positions of padding in front of each row, those in the cache included; later positions are counted from there. */
  readonly padding: readonly number[];
  /** Positions taken by keys and values that attention gets besides (prefixes). */
  readonly ahead: number;
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
  /** [b, y, x, i] to [b, y', x', o] */
  readonly conv: { readonly site: ConvSite; readonly in: Tensor; readonly out: Tensor };
  /** [..., d] to [..., d] */
  readonly norm: { readonly site: NormSite; readonly in: NormInput; readonly out: Tensor };
  /** [b, t, h, f]; the base is softmax(q k' + mask) v */
  readonly attention: { readonly site: AttentionSite; readonly in: AttentionInput; readonly out: Tensor };
  /** [b, t, d] to [b, t, d]; the base is the block's branch, before it is added */
  readonly residual: { readonly site: ResidualSite; readonly in: Tensor; readonly out: Tensor };
  /** [b, ..., d], the stream after a block; the base is the identity */
  readonly stream: { readonly site: StreamSite; readonly in: Tensor; readonly out: Tensor };
  /** the base is the identity; the host runs on what comes out */
  readonly sequence: { readonly site: SequenceSite; readonly in: Sequence; readonly out: Sequence };
}

export type SiteKind = keyof Kinds;
export type SiteOf<K extends SiteKind> = Kinds[K]['site'];
export type In<K extends SiteKind> = Kinds[K]['in'];
export type Out<K extends SiteKind> = Kinds[K]['out'];
export type Site = SiteOf<SiteKind>;
/** Sites that hold a weight, which can be replaced. */
export type WeightSite = LinearSite | EmbeddingSite | ConvSite;

/** The tokens of a pass, those in the key-value cache included, as plain numbers. */
export interface Tokens {
  /** [b, s] */
  readonly ids: Int32Array;
  /** [b, s], 1 for a token and 0 for padding. */
  readonly mask: Int32Array;
  readonly shape: readonly [b: number, s: number];
  /** How many of the s are in the cache. */
  readonly past: number;
  /** [b], the task of each row, where there are several. */
  readonly tasks?: Int32Array;
}

/** What a forward pass is told besides its input. An argument everywhere, never ambient. */
export interface Context {
  readonly training: boolean;
  /** Seeds what is random in this pass, dropout for one. */
  readonly seed: number;
  /** The adapters to run, for all rows or for each; those that are active when left out. */
  readonly routes?: Route | readonly Route[];
  /** Set by hosts that read tokens. */
  readonly tokens?: Tokens;
}

/** Changes what a site computes. `base` is what lies below. */
export interface Link<K extends SiteKind> {
  (base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context): Out<K>;
  /** The same as data, where it is affine. */
  affine?(): Affine | undefined;
}
