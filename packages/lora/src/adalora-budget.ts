// AdaLoRA's schedule of ranks (Zhang et al., arXiv 2303.10512): from `warmup` on, fewer and fewer of all the layers' ranks
// are kept, b(t) = b' + (b₀ - b') (1 - (t - warmup) / (steps - settle - warmup))³, by what they weigh in the loss.
import type { Adapter, Method, Parameter } from '@peftjs/core';
import {
  abs,
  add,
  cast,
  concat,
  greater,
  mean,
  mul,
  neg,
  reshape,
  slice,
  sub,
  type Tensor,
  topk,
  zeros,
} from '@tensorflow/tfjs-core';

export interface AllocationOptions {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Mean rank of the layers at the end; 8 when left out. */
  readonly target?: number;
  /** Steps before the ranks begin to fall; 0 when left out. */
  readonly warmup?: number;
  /** Steps at the end in which the ranks stay as they are; 0 when left out. */
  readonly settle?: number;
  /** Steps between two allocations; 1 when left out. */
  readonly every?: number;
  /** How slowly importance and its uncertainty change; 0.85 when left out. */
  readonly beta1?: number;
  readonly beta2?: number;
}

export type Allocation = Required<AllocationOptions>;

/** A method whose ranks are allocated. */
export interface Allocated extends Method {
  readonly allocation: Allocation;
}

export function completeAllocation(options: AllocationOptions): Allocation {
  const { steps, target = 8, warmup = 0, settle = 0, every = 1, beta1 = 0.85, beta2 = 0.85 } = options;
  return { steps, target, warmup, settle, every, beta1, beta2 };
}

/** @throws when a number is out of its range, or no step is left to allocate in */
export function checkAllocation(allocation: Allocation, r: number): void {
  const { steps, target, warmup, settle, every, beta1, beta2 } = allocation;
  const fail = (name: string, value: number, wanted: string) => {
    throw new Error(`[peftjs/lora] ${name} is ${value}; give ${wanted}`);
  };
  for (const [name, value, least] of [
    ['r', r, 1],
    ['steps', steps, 1],
    ['target', target, 1],
    ['warmup', warmup, 0],
    ['settle', settle, 0],
    ['every', every, 1],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least)) fail(name, value, `a whole number of ${least} or more`);
  }
  if (target > r) fail('target', target, `at most the rank that layers start with, ${r}`);
  if (warmup >= steps - settle) fail('warmup', warmup, `less than steps - settle, ${steps - settle}`);
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value > 0 && value < 1)) fail(name, value, 'a number between 0 and 1');
  }
}

/** How many of all the ranks are kept after a step, and whether they are chosen anew. */
export function budgetAt(t: number, all: number, sites: number, a: Allocation): { kept: number; chosen: boolean } {
  const target = a.target * sites;
  const end = a.steps - a.settle;
  if (t <= a.warmup) return { kept: all, chosen: false };
  if (t > end) return { kept: target, chosen: false };
  const share = (1 - (t - a.warmup) / (end - a.warmup)) ** 3;
  return { kept: Math.floor((all - target) * share + target), chosen: t === end || t % a.every === 0 };
}

type Slots = Readonly<Record<string, Tensor>>;

interface StepArgs {
  readonly parameters: readonly Parameter[];
  readonly gradients: readonly Tensor[];
  readonly slots: Slots;
  readonly step: number;
}

/** What `train` does after each step. */
export interface Budget {
  readonly name: string;
  readonly options: Readonly<Record<string, number>>;
  slots(parameters: readonly Parameter[]): Slots;
  update(args: StepArgs): Slots;
}

/** A site's A, B and E among the parameters that are trained, by number. */
interface Triple {
  readonly a: number;
  readonly b: number;
  readonly e: number;
  readonly rank: number;
}

function triplesOf(parameters: readonly Parameter[]): readonly Triple[] {
  const place = new Map(parameters.map(({ key }, i) => [key, i]));
  return parameters.flatMap(({ key, variable }, e) => {
    if (!key.endsWith('.lora_E')) return [];
    const of = (letter: string) => place.get(key.replace(/E$/, letter)) as number;
    return [{ a: of('A'), b: of('B'), e, rank: variable.shape[0] as number }];
  });
}

const importance = (i: number) => `importance.${i}`;
const uncertainty = (i: number) => `uncertainty.${i}`;
const mask = (i: number) => `mask.${i}`;

/** The mean score of each rank's parts, added up, [r]. */
function scoresOf({ a, b, e }: Triple, slots: Slots): Tensor {
  const score = (i: number) => mul(slots[importance(i)] as Tensor, slots[uncertainty(i)] as Tensor);
  return add(reshape(score(e), [-1]), add(mean(score(a), 1), mean(score(b), 0)));
}

/** Masks [r, 1] that keep the `kept` highest of all scores; what equals the threshold falls. */
function choose(triples: readonly Triple[], slots: Slots, kept: number): Record<string, Tensor> {
  const scores = triples.map((triple) => scoresOf(triple, slots));
  const all = concat(scores, 0);
  const fallen = (all.shape[0] as number) - kept;
  if (fallen <= 0) return {};
  const lowest = topk(neg(all), fallen).values;
  const threshold = neg(slice(lowest, [fallen - 1], [1]));
  return Object.fromEntries(
    triples.map(({ e }, k) => [mask(e), reshape(cast(greater(scores[k] as Tensor, threshold), 'float32'), [-1, 1])]),
  );
}

/**
 * Allocates the ranks of an AdaLoRA adapter, for the `after` of `train`.
 *
 * @param first the number of the first step; 1 when left out
 * @throws when the adapter is no AdaLoRA
 */
export function budget(adapter: Adapter, first = 1): Budget {
  const method = adapter.methods.find((one): one is Allocated => 'allocation' in one);
  if (method === undefined) {
    throw new Error(`[peftjs/lora] "${adapter.name}" is of type ${adapter.methods[0].type}; a budget is AdaLoRA's`);
  }
  const { allocation } = method;
  const { beta1, beta2 } = allocation;
  const end = allocation.steps - allocation.settle;
  return {
    name: `budget of ${adapter.name}`,
    options: { ...allocation, first },
    slots: (parameters) =>
      Object.fromEntries(
        triplesOf(parameters).flatMap(({ a, b, e, rank }) => [
          ...[a, b, e].flatMap((i) => {
            const { shape } = (parameters[i] as Parameter).variable;
            return [
              [importance(i), zeros(shape)],
              [uncertainty(i), zeros(shape)],
            ];
          }),
          [mask(e), add(zeros([rank, 1]), 1)],
        ]),
      ),
    update({ parameters, gradients, slots: before, step }) {
      const t = step + first - 1;
      const triples = triplesOf(parameters);
      let slots: Record<string, Tensor> = Object.fromEntries(
        Object.entries(before).map(([name, value]) => [name, value.clone()]),
      );
      if (t < end) {
        for (const i of triples.flatMap(({ a, b, e }) => [a, b, e])) {
          const now = abs(mul((parameters[i] as Parameter).variable, gradients[i] as Tensor));
          const smooth = add(mul(slots[importance(i)] as Tensor, beta1), mul(now, 1 - beta1));
          const doubt = add(mul(slots[uncertainty(i)] as Tensor, beta2), mul(abs(sub(now, smooth)), 1 - beta2));
          slots = { ...slots, [importance(i)]: smooth, [uncertainty(i)]: doubt };
        }
      }
      const all = triples.reduce((n, { rank }) => n + rank, 0);
      const { kept, chosen } = budgetAt(t, all, triples.length, allocation);
      if (chosen) slots = { ...slots, ...choose(triples, slots, kept) };
      if (chosen || t > end) {
        for (const { e } of triples) {
          const { variable } = parameters[e] as Parameter;
          variable.assign(mul(variable, slots[mask(e)] as Tensor));
        }
      }
      return slots;
    },
  };
}
