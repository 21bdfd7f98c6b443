// Products of low rank as a LoRA adapter in PEFT's terms: scale 1 everywhere, each module's own rank.
import type { AdapterSnapshot, Json, SavedTensor } from '@peftjs/core';
import type { Matrix } from 'ml-matrix';
import type { LowRank } from './low-rank.ts';

/** What became of one module. */
export interface SiteFit {
  readonly path: string;
  readonly rank: number;
  /** Share of the change's squared size that the adapter has. */
  readonly energy: number;
  /** Size of what is missing over the size of the change. */
  readonly error: number;
}

/** An adapter, and how near each of its modules comes to what was asked for. */
export interface FittedAdapter extends AdapterSnapshot {
  readonly sites: readonly SiteFit[];
}

/** A module of a model that LoRA can act on. */
export interface LoraPlace {
  readonly path: string;
  readonly kind: 'linear' | 'embedding';
  /** The inputs of a linear layer, [i], or of a convolution, [i, ...kernel]; the vocabulary of an embedding. */
  readonly inShape: readonly number[];
}

export interface FittedSite extends LoraPlace {
  readonly low: LowRank;
  /** B's bias, [o]. */
  readonly upBias?: ArrayLike<number> | null;
}

/** `base_model.model.` + path + name, as PEFT has it. */
export const PREFIX = 'base_model.model.';

/** A pattern that matches this path alone. */
function exactly(path: string): string {
  return `^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
}

function mostCommon(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const n of numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
  return [...counts].sort(([r, p], [s, q]) => q - p || r - s)[0]?.[0] as number;
}

/** Ranks, and alphas that make every scale 1. */
function ranks(sites: readonly FittedSite[]): Record<string, Json> {
  const r = mostCommon(sites.map(({ low }) => low.a.rows));
  const others = sites.filter(({ low }) => low.a.rows !== r);
  const pattern = Object.fromEntries(others.map(({ path, low }) => [exactly(path), low.a.rows]));
  return { r, lora_alpha: r, rank_pattern: pattern, alpha_pattern: pattern };
}

function float32(key: string, values: ArrayLike<number>, shape: readonly number[]): SavedTensor {
  const data = Float32Array.from(values);
  const wrong = data.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return { key, shape, data };
  throw new Error(`[peftjs/lora] "${key}" comes out as ${wrong}; give smaller weights`);
}

function tensorsOf({ path, kind, inShape, low: { a, b }, upBias }: FittedSite): readonly SavedTensor[] {
  const file = (name: string) => `${PREFIX}${path}.${name}`;
  const [nameA, nameB] =
    kind === 'linear' ? ['lora_A.weight', 'lora_B.weight'] : ['lora_embedding_A', 'lora_embedding_B'];
  const values = (m: Matrix) => m.to1DArray();
  return [
    float32(file(nameA as string), values(a), [a.rows, ...inShape]),
    float32(file(nameB as string), values(b), [b.rows, b.columns, ...inShape.slice(1).map(() => 1)]),
    ...(upBias ? [float32(file('lora_B.bias'), upBias, [upBias.length])] : []),
  ];
}

export function reportOf({ path, low: { a, energy, error } }: FittedSite): SiteFit {
  return { path, rank: a.rows, energy, error };
}

/** What an adapter consists of. */
export interface Contents {
  readonly sites: readonly FittedSite[];
  /** Tensors that are trained whole; their keys begin with the path. */
  readonly whole?: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly values: Float64Array;
  }[];
  /** What the configuration says besides ranks and targets, or other targets than each path. */
  readonly config?: Readonly<Record<string, Json>>;
  readonly base: { readonly name: string; readonly fingerprint: string } | null;
}

/** @throws when a number is too large for float32 */
export function writeAdapter({ sites, whole = [], config = {}, base }: Contents): FittedAdapter {
  return {
    config: {
      peft_type: 'LORA',
      task_type: null,
      base_model_name_or_path: base?.name ?? null,
      inference_mode: true,
      init_lora_weights: true,
      bias: 'none',
      lora_bias: false,
      lora_dropout: 0,
      use_dora: false,
      use_rslora: false,
      target_modules: sites.map(({ path }) => path),
      ...ranks(sites),
      ...config,
    },
    tensors: [
      ...sites.flatMap(tensorsOf),
      ...whole.map(({ name, shape, values }) => float32(`${PREFIX}${name}`, values, shape)),
    ],
    provenance: base && { base: { name: base.name, fingerprint: base.fingerprint } },
    sites: sites.map(reportOf),
  };
}
