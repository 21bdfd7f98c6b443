// A method as the command line knows it: its options, and what they make.
import type { Family, Method } from '@peftjs/core';
import type { OptionTable, Values } from './option.ts';

export interface MethodEntry {
  /** `--method NAME` */
  readonly name: string;
  readonly options: OptionTable;
  /** What is attached, as one adapter. */
  create(values: Readonly<Record<string, unknown>>): readonly Method[];
  /** What reads its adapters back. */
  readonly families: readonly Family[];
}

interface Definition<O extends OptionTable> extends Omit<MethodEntry, 'options' | 'create'> {
  readonly options: O;
  create(values: Values<O>): readonly Method[];
}

export function methodEntry<O extends OptionTable>(definition: Definition<O>): MethodEntry {
  return { ...definition, create: (values) => definition.create(values as Values<O>) };
}
