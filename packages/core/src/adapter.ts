// An adapter: one or more methods attached to a host under a name, with their parameters.
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Host, Undo } from './host.ts';
import type { Json, Method, Part, Tensors } from './method.ts';
import type { Site, SiteKind } from './site.ts';
import type { Weight } from './weight.ts';

/** A parameter of an adapter, or of a model that is trained whole. */
export interface Parameter {
  /** Its key in a file: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. */
  readonly key: string;
  readonly variable: Variable;
  readonly trainable: boolean;
  /** Whether it is part of the files. */
  readonly saved: boolean;
}

/** Whatever can be trained: an adapter, or a whole model. */
export interface Trainable {
  readonly parameters: readonly Parameter[];
}

/** One saved tensor, row-major. */
export interface SavedTensor {
  readonly key: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What goes into an adapter folder. */
export interface AdapterSnapshot {
  readonly config: Readonly<Record<string, Json>>;
  readonly tensors: readonly SavedTensor[];
  readonly provenance: { readonly base: { readonly name: string; readonly fingerprint: string } } | null;
}

/** A method at one site, with what it was given there. */
export interface Attachment {
  readonly method: Method;
  readonly site: Site;
  readonly part: Part<SiteKind>;
  readonly params: Readonly<Record<string, Variable>>;
  /** What all sites of the method have in common. */
  readonly shared: Tensors;
  /** Counts the method's sites of this kind. */
  readonly index: number;
  /** What the method made of the site's weight when it was attached, where it did. */
  readonly weight: Weight | null;
  /** Replaced when the site's weight changes. */
  derived: Readonly<Record<string, Tensor>>;
}

export interface Adapter extends Trainable {
  readonly name: string;
  readonly host: Host;
  /** The first states the type in the folder's configuration, all of them the options. */
  readonly methods: readonly [Method, ...Method[]];
  /** What stands before a module's path in the files. */
  readonly prefix: string;
  readonly attachments: readonly Attachment[];
  /** False switches the adapter off without detaching it. */
  active: boolean;
  /** How much it counts, 1 when it is attached: a site's output is that share of the way from without to with it. */
  strength: number;
  /** Set while the adapter is merged: takes it out of the weights again. */
  unmerge?: Undo | undefined;
  /** `trainable params: 460,800 || all params: 134,975,808 || trainable%: 0.3414` */
  summary(): string;
  /** A copy of everything that is saved. */
  snapshot(): Promise<AdapterSnapshot>;
  /**
   * Takes the adapter off, out of the weights too where it is merged, and frees it; the host is bit for bit what it was.
   * In any order. A pass that has pinned it keeps it until its end.
   *
   * @throws before anything is changed, when another has since changed a weight that this one changed (PiSSA on PiSSA)
   */
  detach(): void;
}
