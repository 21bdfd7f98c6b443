// A method as the command line knows it: its options, and what they make.
import type { Family, Method } from '@peftjs/core';
import type { CausalLM } from '@peftjs/models';
import type { OptionTable, Values } from './option.ts';

export interface MethodEntry {
  /** `--method NAME` */
  readonly name: string;
  readonly options: OptionTable;
  /** What is attached, as one adapter. */
  create(values: Readonly<Record<string, unknown>>, model: CausalLM): readonly Method[];
  /** Positions of the context that its virtual tokens take; none when left out. */
  reserved?(values: Readonly<Record<string, unknown>>): number;
  /** What reads its adapters back. */
  readonly families: readonly Family[];
  /** PEFT has no such method: its folders are for this library. */
  readonly onlyHere?: boolean;
}

interface Definition<O extends OptionTable> extends Omit<MethodEntry, 'options' | 'create'> {
  readonly options: O;
  create(values: Values<O>, model: CausalLM): readonly Method[];
}

export function methodEntry<O extends OptionTable>(definition: Definition<O>): MethodEntry {
  return { ...definition, create: (values, model) => definition.create(values as Values<O>, model) };
}
