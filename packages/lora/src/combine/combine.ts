// Several LoRA adapters of one base made into one, without the base and without a backend.
import { nextTurn } from '@peftjs/backend';
import type { AdapterSnapshot, Json } from '@peftjs/core';
import type { WeightOf } from '../extract/base-weight.ts';
import { type FittedAdapter, type FittedSite, reportOf, type SiteFit, writeAdapter } from '../extract/write-adapter.ts';
import { combineSite } from './combine-site.ts';
import { type MixedTensor, mixWhole } from './mix-whole.ts';
import { type Plan, planCombination } from './plan-combination.ts';
import { type LoraAdapter, readAdapter } from './read-adapter.ts';
import type { Rule } from './rules.ts';
import { hash } from './stream.ts';

export interface WeightedAdapter {
  readonly adapter: AdapterSnapshot;
  /** How often its change counts; below 0 it is taken away. */
  readonly weight: number;
}

export interface CombineOptions {
  /** The base's weights, needed for DoRA, and for tensors trained whole unless their weights add up to 1. */
  readonly weightOf?: WeightOf;
  readonly signal?: AbortSignal;
  /** Called after each module. */
  readonly onSite?: (site: SiteFit) => void;
}

/** The same value in all adapters, or this one. */
function common(adapters: readonly LoraAdapter[], key: string, otherwise: Json): Json {
  const [first, ...others] = adapters.map(({ snapshot }) => snapshot.config[key] ?? null);
  return others.every((value) => value === first) ? (first ?? otherwise) : otherwise;
}

const TARGETS = ['target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern', 'modules_to_save'];

/** The adapters' targets where all say the same; otherwise each module is named. */
function targetsOf(adapters: readonly LoraAdapter[]): Record<string, Json> {
  const sorted = (value: Json | undefined) => (Array.isArray(value) ? [...value].sort() : (value ?? null));
  const [first, ...others] = adapters.map(({ snapshot: { config } }) => TARGETS.map((key) => sorted(config[key])));
  const same = others.every((other) => JSON.stringify(other) === JSON.stringify(first));
  const named = [...new Set(adapters.flatMap(({ facts }) => facts.modulesToSave))];
  if (!same) return named.length > 0 ? { modules_to_save: named } : {};
  return Object.fromEntries(TARGETS.map((key, i) => [key, first?.[i] ?? null]).filter(([, value]) => value !== null));
}

function configOf(
  adapters: readonly LoraAdapter[],
  { bias, loraBias }: Plan,
  name: string | null,
): Record<string, Json> {
  return {
    ...targetsOf(adapters),
    base_model_name_or_path: common(adapters, 'base_model_name_or_path', name),
    task_type: common(adapters, 'task_type', null),
    lora_dropout: common(adapters, 'lora_dropout', 0),
    fan_in_fan_out: adapters.some(({ snapshot }) => snapshot.config.fan_in_fan_out === true),
    bias,
    lora_bias: loraBias,
  };
}

/** In an order that their contents give, so that what depends on the order does not depend on the order given. */
function inOrder(adapters: readonly LoraAdapter[]): readonly LoraAdapter[] {
  const mark = ({ weight, snapshot: { tensors } }: LoraAdapter) => {
    const sorted = [...tensors].sort((p, q) => (p.key < q.key ? -1 : 1));
    const start = hash(new Uint32Array(Float64Array.of(weight).buffer));
    return sorted.reduce((h, { data }) => hash(new Uint32Array(data.slice().buffer), h), start);
  };
  const marked = adapters.map((adapter) => ({ adapter, at: mark(adapter) }));
  return marked.sort((p, q) => p.at - q.at).map(({ adapter }) => adapter);
}

async function biasOf(path: string, weightOf: WeightOf): Promise<readonly MixedTensor[]> {
  const { bias } = await weightOf(path);
  return bias ? [{ name: `${path}.bias`, shape: [bias.length], values: Float64Array.from(bias) }] : [];
}

/** What is trained whole, named as in a file: the bias of a target belongs to its base layer. */
async function combineWhole(plan: Plan, rule: Rule, weightOf?: WeightOf): Promise<readonly MixedTensor[]> {
  const paths = new Set(plan.sites.map(({ path }) => `${path}.bias`));
  const tensors: MixedTensor[] = [];
  for (const tensor of plan.whole) tensors.push(await mixWhole(tensor, rule, weightOf));
  for (const path of plan.unknownBiases) tensors.push(...(await biasOf(path, weightOf as WeightOf)));
  return tensors.map((tensor) =>
    paths.has(tensor.name) ? { ...tensor, name: tensor.name.replace(/bias$/, 'base_layer.bias') } : tensor,
  );
}

/**
 * One LoRA adapter that does what several do together, each as often as its weight says. Where an adapter leaves a module
 * alone, its change there counts as zero. The order of the adapters means nothing.
 *
 * @returns what `restore` attaches and `saveAdapter` saves, and in `sites` the rank, kept energy and error of each module
 * @throws before anything is computed: no adapters, another type, base or shape, a number that is not finite, something
 *   that needs the base's weights without `weightOf`, or that cannot be in one adapter
 * @example
 * const both = await combine([{ adapter: notes, weight: 0.7 }, { adapter: style, weight: 0.3 }], linear());
 * await restore(model, both, [readLora()]);
 */
export async function combine(
  parts: readonly WeightedAdapter[],
  rule: Rule,
  { weightOf, signal, onSite }: CombineOptions = {},
): Promise<FittedAdapter> {
  if (parts.length === 0) throw new Error('[peftjs/lora] there is nothing to combine; give at least one adapter');
  const read = parts.map(({ adapter, weight }, i) => readAdapter(adapter, weight, `adapter ${i + 1}`));
  const adapters = rule.mix === undefined ? read : inOrder(read);
  const plan = planCombination(adapters, rule, weightOf !== undefined);
  const sites: FittedSite[] = [];
  for (const site of plan.sites) {
    await nextTurn();
    signal?.throwIfAborted();
    const fitted = await combineSite(site, rule, plan.loraBias, weightOf);
    sites.push(fitted);
    onSite?.(reportOf(fitted));
  }
  const whole = await combineWhole(plan, rule, weightOf);
  const base = adapters.find(({ snapshot }) => snapshot.provenance !== null)?.snapshot.provenance?.base ?? null;
  return writeAdapter({ sites, whole, config: configOf(adapters, plan, base?.name ?? null), base });
}
