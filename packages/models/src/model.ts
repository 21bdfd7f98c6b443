// What every model here is: a host with a configuration, which can be trained whole, saved and freed.
import type { BaseModel, Chains, Context, Host, Parameter, Site, StoredTensor, Trainable } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { setSiteNorm, setSiteWeight } from './sites/set-site-weight.ts';
import type { SiteRunner } from './sites/site-runner.ts';
import { type LooseTensor, storedTensors } from './sites/stored-tensors.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Model extends Host {
  /** The model's `config.json`. */
  readonly config: Json;
  /** Null where the model came without one. */
  readonly tokenizer: TextTokenizer | null;
  /** Modules that the folder did not have, and that started from random numbers: `modulesToSave(model.fresh)` trains them. */
  readonly fresh: readonly string[];
  /** Runs each block again in the backward pass instead of keeping its activations. */
  recompute: boolean;
  /** Everything in it that can be trained, for training it whole. */
  parameters(): Trainable;
  /** Its tensors as a file has them. */
  stored(): readonly StoredTensor[];
  dispose(): void;
}

/** How much there is in a batch. */
export interface BatchCount {
  /** What counts in the loss: tokens to predict, or rows to classify. */
  readonly targets: number;
  /** Tokens without padding, or rows of images. */
  readonly tokens: number;
}

/** The part of a model below its head. */
export interface Body {
  readonly chains: Chains;
  readonly runner: SiteRunner;
  readonly sites: readonly Site[];
  readonly loose?: readonly LooseTensor[];
  /** Tensors that follow from the configuration. */
  readonly tables?: readonly Tensor[];
  /** A module's name in the files, given its path; the path when left out. */
  readonly fileName?: (path: string) => string;
}

/** What a model is told besides its parts. */
export interface About {
  readonly config: Json;
  readonly base: BaseModel;
  readonly tokenizer: TextTokenizer | null;
  readonly fresh?: readonly string[];
}

/** A forward pass outside training. */
export const INFERENCE: Context = { training: false, seed: 0 };

/** @param heads sites on top of the body's */
export function createModel(
  { chains, sites, loose = [], tables = [], fileName = (path) => path }: Body,
  heads: readonly Site[],
  task: string | null,
  { config, base, tokenizer, fresh = [] }: About,
): Model {
  const all = () => [...sites, ...heads];
  const stored = () => storedTensors(all(), loose, fileName);
  return {
    base,
    ...(task !== null && { task }),
    config,
    tokenizer,
    fresh,
    recompute: false,
    sites: all,
    others: () => loose.map(({ held }) => held),
    wrap: chains.wrap,
    setWeight: setSiteWeight,
    setNorm: setSiteNorm,
    stored,
    parameters: () => ({ parameters: stored().map(parameterOf) }),
    dispose() {
      for (const { held } of stored()) held.dispose();
      for (const table of tables) table.dispose();
    },
  };
}

function parameterOf({ name, held, unused }: StoredTensor): Parameter {
  const variable = 'encode' in held ? held.variable : held;
  if (variable !== undefined) return { key: name, variable, trainable: !unused, saved: true };
  throw new Error(
    `[peftjs/models] "${name}" is stored in a way that cannot be trained; load the model without "weights", or attach an adapter`,
  );
}
