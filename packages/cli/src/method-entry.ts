// A method as the command line knows it: its options, and what they make. Each file of `methods/` exports one as
// `method`, and is called as it is on the command line.
import type { Adapter, Family, Method } from '@peftjs/core';
import type { CausalLM, TokenBatch } from '@peftjs/models';
import type { TrainOptions } from '@peftjs/train';
import type { OptionTable, Values } from './option.ts';
import type { Original } from './options/calibrate.ts';

/** What is known once the model and the data are there. */
export interface Setting {
  readonly model: CausalLM;
  /** Of the whole run. */
  readonly steps: number;
  /** Where the method asks for it; there until its adapter is attached. */
  readonly original?: Original | undefined;
}

/** What a method asks of the training loop. */
export type Training = Pick<TrainOptions<TokenBatch>, 'rates' | 'after'>;

/** What is known before anything is loaded. */
export interface Plan {
  /** Of the run, where they are given. */
  readonly steps?: number | undefined;
  /** What the frozen weights are held in, as `--weights` says. */
  readonly weights: string;
  /** The text that they are fitted to. */
  readonly calibrate?: string | undefined;
}

interface Common {
  /** What reads its adapters back, and those of its kind that only code can make. */
  readonly families: readonly Family[];
  /** What reads an adapter back that takes more than `families`, by the options that it was trained with. */
  reads?(recipe: Readonly<Record<string, unknown>>): Promise<readonly Family[]>;
}

type Created = readonly Method[] | Promise<readonly Method[]>;

export interface MethodEntry extends Common {
  readonly options: OptionTable;
  /**
   * Asked before anything is loaded.
   *
   * @throws UsageError where options contradict each other, or one lacks another
   */
  check?(values: Readonly<Record<string, unknown>>, plan: Plan): void;
  /** Whether it starts from the model as its file has it, and the products of inputs on the text of `--calibrate`. */
  needsOriginal?(values: Readonly<Record<string, unknown>>): boolean;
  /** What is attached, as one adapter. */
  create(values: Readonly<Record<string, unknown>>, setting: Setting): Created;
  /** What training it needs besides; nothing when left out. */
  training?(values: Readonly<Record<string, unknown>>, adapter: Adapter): Training;
  /** Whether Hugging Face PEFT says of its folder what was trained; it does when left out. */
  inPython?(values: Readonly<Record<string, unknown>>): boolean;
  /** Positions of the context that its virtual tokens take; none when left out. */
  reserved?(values: Readonly<Record<string, unknown>>): number;
  /** How many tasks it tells apart, where the data is to say of which each text is. */
  tasks?(values: Readonly<Record<string, unknown>>): number;
}

interface Definition<O extends OptionTable> extends Common {
  readonly options: O;
  check?(values: Values<O>, plan: Plan): void;
  needsOriginal?(values: Values<O>): boolean;
  create(values: Values<O>, setting: Setting): Created;
  training?(values: Values<O>, adapter: Adapter): Training;
  inPython?(values: Values<O>): boolean;
  reserved?(values: Values<O>): number;
  tasks?(values: Values<O>): number;
}

/** The same whatever its options are, whose values `withDefaults` has completed. */
export function methodEntry<O extends OptionTable>(definition: Definition<O>): MethodEntry {
  return definition as Definition<OptionTable> as MethodEntry;
}
