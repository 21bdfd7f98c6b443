// A method: a PEFT technique as a value made of pure functions, one part for each kind of site it acts on.
import type { Random } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Affine } from './affine.ts';
import type { Started } from './from-weight.ts';
import type { Host } from './host.ts';
import type { Context, In, Out, Site, SiteKind, SiteOf } from './site.ts';
import type { Targets } from './targets.ts';

/** A value of a JSON file. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Tensors = Readonly<Record<string, Tensor>>;

/** A parameter that a site gets. */
export interface ParamSpec {
  readonly shape: readonly number[];
  /** The starting value, of this shape. */
  readonly init: (shape: readonly number[], next: Random) => Tensor;
  /** Its name below the module in PEFT's files: `lora_A.weight`; of a shared one the whole key. */
  readonly file: string;
  /** Trained unless this is false. */
  readonly trainable?: boolean;
  /** In the adapter's files unless this is false: then it starts the same when it is restored, or `exported` stands for it. */
  readonly saved?: boolean;
}

export type ParamSpecs = Readonly<Record<string, ParamSpec>>;

export interface PartArgs<K extends SiteKind> {
  readonly site: SiteOf<K>;
  readonly params: Tensors;
  /** What the method's sites have in common. */
  readonly shared: Tensors;
  readonly derived: Tensors;
  /** Counts the method's sites of this kind. */
  readonly index: number;
}

export interface ForwardArgs<K extends SiteKind> extends PartArgs<K> {
  readonly x: In<K>;
  readonly base: (x: In<K>) => Out<K>;
  readonly ctx: Context;
  /** A seed of this site and adapter's own, for dropout. */
  readonly seed: readonly number[];
}

/** What a part makes of its site's input. */
export interface Forward<K extends SiteKind> {
  (args: ForwardArgs<K>): Out<K>;
  /** The same as data, where it is affine. */
  affine?(args: PartArgs<K>): Affine;
}

/** What merging makes of a site's weight and bias. */
export interface Folded {
  /** [o, i] */
  readonly weight: Tensor;
  /** [o] */
  readonly bias: Tensor | null;
}

/** A method at one kind of site. Pure: core creates, names, keeps and disposes. */
export interface Part<K extends SiteKind> {
  /** What is wrong with acting on this site, or null. Asked of every site before any is touched. */
  check?(site: SiteOf<K>): string | null | undefined;
  params(site: SiteOf<K>): ParamSpecs;
  /** Where parameters depend on the weight, and take a part out of it: made by `fromWeight`. */
  start?(host: Host, site: SiteOf<K>, next: Random): Started | null | undefined;
  /** Frozen and never saved; computed again when the weight changes. */
  derive?(site: SiteOf<K>): Tensors;
  readonly forward: Forward<K>;
  /** The weight [o, i] and bias [o] with the method in them, of a norm the gain and offset [d]. Absent: it cannot be merged. */
  fold?(args: PartArgs<K> & { readonly weight: Tensor; readonly bias: Tensor | null }): Folded;
  /**
   * Whether its forward pass reads the site's bias: then it keeps what lies beneath from being merged into another one. An
   * affine one says so itself.
   */
  readsBias?(args: PartArgs<K>): boolean;
  /** Names in PEFT's files that may be there and say nothing new. */
  readonly redundant?: readonly string[];
  /** Positions that it puts in front of a sequence (a prompt). */
  readonly virtualTokens?: number;
}

/** What a method was attached to, for its configuration. */
export interface Place {
  readonly sites: readonly Site[];
  /** All of the model's. */
  readonly model: readonly Site[];
  /** `target_modules` in PEFT's words. */
  readonly modules: Json;
  /** PEFT's `task_type`. */
  readonly task: string | null;
}

export interface Method {
  /** PEFT's `peft_type`, or our own for what PEFT lacks. */
  readonly type: string;
  readonly targets: Targets;
  readonly on: { readonly [K in SiteKind]?: Part<K> };
  /**
   * Its keys of `adapter_config.json`. Core adds the type, the base's name, the mode, and a task of null. A method that PEFT
   * lacks names the library that loads it as `library_name`.
   */
  config(place: Place): Readonly<Record<string, Json>>;
  /** Parameters that its sites, of all of the model's, have in common (VeRA's projections, a prompt). */
  shared?(sites: readonly Site[], model: readonly Site[]): ParamSpecs;
  /** What stands in the files for shared parameters that are not saved, by key (a prefix for its encoder). */
  exported?(shared: Tensors): Tensors;
  /** A scalar to add to the mean loss in training, of all its sites' parameters. */
  penalty?(params: readonly Tensors[]): Tensor;
  /** What stands before a module's path in the files; `base_model.model.` when left out. The adapter's first method decides. */
  readonly prefix?: string;
  /**
   * Whether it goes into an adapter beside a method of this type, whose files have room for it (`modules_to_save`). Absent:
   * it is what an adapter is, and comes first.
   */
  beside?(type: string): boolean;
  /**
   * Methods of one adapter take their sites in this order, the lowest first; a method gets no site that one before it has
   * taken. 0 when left out; methods of the same number share.
   */
  readonly precedence?: number;
}

/** Makes the methods that an `adapter_config.json` states. Every package of methods exports its own. */
export interface Family {
  readonly type: string;
  read(config: Readonly<Record<string, Json>>): readonly Method[];
  /** The same, once it has read from a host what its methods look at when they are attached. `restore` waits for it. */
  prepare?(config: Readonly<Record<string, Json>>, host: Host): Promise<Family>;
}
