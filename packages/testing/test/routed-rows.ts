// Rows of one batch with a route each: every variant's adapter alone, the base, stacks and strengths.
import { random } from '@peftjs/backend';
import { type Adapter, attach, type Context, type Route, route } from '@peftjs/core';
import { INFERENCE } from '@peftjs/models';
import { disturb } from '@peftjs/testing/suites';
import { makeVariant, VARIANTS } from './every-method.ts';
import { batchFor, type RowBatch, type RowModel, type RowOptions } from './row-models.ts';

/** A row of a batch: its tokens and what they run. */
export interface Row {
  readonly ids: readonly number[];
  readonly own: Route;
  readonly task: number;
}

export function through(routes: Route | readonly Route[], training = false): Context {
  return { ...INFERENCE, training, routes };
}

/** Variants that do nothing but add low-rank terms: a batch over them stays whole where the backend can do so. */
export const TERMS: readonly string[] = ['lora', 'lora on all', 'vera', 'adalora', 'fourierft'];

/** Stacks with strengths beside each adapter alone; rows for those whose adapters are all there. */
const STACKS: readonly (readonly (readonly [name: string, strength: number])[])[] = [
  [],
  [
    ['lora', 1],
    ['dora', 1],
  ],
  [['rslora', 0.5]],
  [
    ['prompt', 1],
    ['prefix', 1],
    ['houlsby', 1],
  ],
  [],
  [
    ['houlsby', -0.5],
    ['dora', 2],
    ['multitask prompt', 1],
  ],
  [
    ['norms', 0.5],
    ['ia3', 1],
  ],
  [
    ['lora on all', -0.5],
    ['vera', 2],
    ['lora', 1],
  ],
  [['lora', 1]],
];

/** One adapter of each variant, as training might leave it, but of those that change the base of all rows (PiSSA). */
export function attachAll(model: RowModel, names: readonly string[] = VARIANTS): readonly Adapter[] {
  return names.flatMap((name, i) => {
    const adapter = attach(model, makeVariant(name, model), { name, seed: i });
    if (adapter.attachments.some(({ weight }) => weight)) {
      adapter.detach();
      return [];
    }
    disturb(adapter, i + 1);
    return [adapter];
  });
}

/** Rows of unequal length, one for each adapter and some more; unsorted. */
export function rowsOver(adapters: readonly Adapter[]): readonly Row[] {
  const at = new Map(adapters.map((adapter) => [adapter.name, adapter]));
  const stacks = STACKS.filter((stack) => stack.every(([name]) => at.has(name)));
  const routes = [
    ...adapters.map((adapter) => route(adapter)),
    ...stacks.map((stack) => route(...stack.map(([name, strength]) => [at.get(name) as Adapter, strength] as const))),
  ];
  const next = random(17);
  const shuffled = routes.map((own) => ({ own, at: next() })).sort((a, b) => a.at - b.at);
  return shuffled.map(({ own }, i) => ({
    ids: Array.from({ length: 2 + (i % 4) }, (_, k) => (i * 5 + k * 3 + 1) % 17),
    own,
    task: i % 3,
  }));
}

export function batchOf(model: RowModel, rows: readonly Row[], pad: RowOptions['pad'] = 'right'): RowBatch {
  const tasks = rows.map(({ task }) => task);
  return batchFor(
    model,
    rows.map(({ ids }) => ids),
    { pad, tasks },
  );
}

export function routesOf(rows: readonly Row[]): readonly Route[] {
  return rows.map(({ own }) => own);
}

/** What a row runs, for a message. */
export function named({ own }: Row): string {
  return [...own].map(([{ name }, strength]) => `${name} ${strength}`).join(', ') || 'the base';
}
