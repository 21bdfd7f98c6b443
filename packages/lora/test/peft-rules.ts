// What add_weighted_adapter of PEFT 0.21 makes of two adapters at one module, from its source, where that is not what the
// papers or the names say.
import type { AdapterSnapshot } from '@peftjs/core';
import { product, tensorOf } from './snapshots.ts';

export interface Weighted {
  readonly adapter: AdapterSnapshot;
  readonly weight: number;
}

function factors({ adapter }: Weighted, path: string) {
  const [a, b] = [tensorOf(adapter, `${path}.lora_A.weight`), tensorOf(adapter, `${path}.lora_B.weight`)];
  const r = a.shape[0] as number;
  const { lora_alpha: alpha, use_rslora: rslora } = adapter.config;
  return { a: a.data, b: b.data, r, scale: (alpha as number) / (rslora === true ? Math.sqrt(r) : r) };
}

/** `linear`: A and B are summed apart, each times the square root of its weight and scale. */
export function peftLinear(parts: readonly Weighted[], path: string): number[] {
  const all = parts.map((part) => ({ ...factors(part, path), weight: part.weight }));
  const r = all[0]?.r as number;
  const sum = (side: 'a' | 'b') =>
    Array.from(all[0]?.[side] ?? [], (_, k) =>
      all.reduce((s, one) => {
        const size = one.weight * one.scale;
        const sign = side === 'a' && size < 0 ? -1 : 1;
        return s + sign * Math.sqrt(Math.abs(size)) * (one[side][k] as number);
      }, 0),
    );
  return product(sum('b'), sum('a'), r);
}

/** `cat` of rsLoRA adapters: lora_alpha becomes the new rank, use_rslora stays, so that the scale is its square root. */
export function peftScale(parts: readonly Weighted[], path: string): number {
  const rank = parts.reduce((s, part) => s + factors(part, path).r, 0);
  return parts[0]?.adapter.config.use_rslora === true ? rank / Math.sqrt(rank) : 1;
}

/** `ties` on changes: signs are elected before the weights count. */
export function peftTies(changes: readonly (readonly number[])[], weights: readonly number[]): number[] {
  return (changes[0] ?? []).map((_, k) => {
    const values = changes.map((change) => change[k] as number);
    const sign = values.reduce((s, v) => s + v, 0) >= 0 ? 1 : -1;
    const agreeing = values.map((v, n) => (Math.sign(v) === sign ? v * (weights[n] as number) : null));
    const count = agreeing.filter((v) => v !== null).length;
    return agreeing.reduce<number>((s, v) => s + (v ?? 0), 0) / Math.max(1, count);
  });
}
