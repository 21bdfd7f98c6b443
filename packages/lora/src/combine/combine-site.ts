// One module's changes made into one product of low rank.
import { Matrix } from 'ml-matrix';
import type { WeightOf } from '../extract/base-weight.ts';
import type { Fit } from '../extract/fit.ts';
import { compress, decompose, type LowRank, type Product } from '../extract/low-rank.ts';
import type { FittedSite } from '../extract/write-adapter.ts';
import { changeOf } from './change-of.ts';
import { sum } from './mix.ts';
import type { Member, PlannedSite } from './plan-combination.ts';
import type { Rule } from './rules.ts';
import { streamsOf } from './stream.ts';

/** What rounding leaves of changes that cancel out, over their size. */
const ROUNDING = 1e-13;

/** Factors side by side: b a = w1 s1 B1 A1 + w2 s2 B2 A2 + ... */
function join(members: readonly Member[]): Product {
  const { a, b } = (members[0] as Member).change;
  const rank = members.reduce((r, { change }) => r + change.a.rows, 0);
  const joined = { b: new Matrix(b.rows, rank), a: new Matrix(rank, a.columns) };
  let at = 0;
  for (const { change, weight } of members) {
    joined.b.setSubMatrix(change.b, 0, at);
    joined.a.setSubMatrix(Matrix.mul(change.a, weight * change.scale), at, 0);
    at += change.a.rows;
  }
  return joined;
}

/** The rule's fit; the highest rank of the members where it says none. */
function fitOf(fit: Fit, members: readonly Member[]): Fit {
  if (fit.r !== undefined || fit.energy !== undefined) return fit;
  return { r: Math.max(...members.map(({ change }) => change.a.rows)) };
}

/** One of several weighted changes of the tensor of this name. */
function mix(name: string, changes: readonly Float64Array[], rule: Rule): Float64Array {
  return rule.mix?.(changes, streamsOf(name)) ?? sum(changes);
}

/** The changes as they are, [o, i] each, mixed and brought to low rank. */
async function combineDense(site: PlannedSite, rule: Rule, fit: Fit, weightOf?: WeightOf): Promise<LowRank> {
  const { path, members, outDim } = site;
  const changes: Float64Array[] = [];
  let size = 0;
  for (const { change, weight } of members) {
    const matrix = (await changeOf(change, weightOf)).mul(weight);
    size += matrix.norm();
    changes.push(Float64Array.from(matrix.to1DArray()));
  }
  const mixed = mix(path, changes, rule);
  const matrix = Matrix.from1DArray(outDim, mixed.length / outDim, mixed as unknown as number[]);
  return decompose(matrix, fit, ROUNDING * size);
}

async function combineMatrices(site: PlannedSite, rule: Rule, weightOf?: WeightOf): Promise<LowRank> {
  const { members } = site;
  if (rule.fit === 'join') return { ...join(members), energy: 1, error: 0 };
  const fit = fitOf(rule.fit, members);
  if (rule.mix !== undefined || members.some(({ change }) => change.magnitude !== null))
    return combineDense(site, rule, fit, weightOf);
  const sizes = members.map(({ change: { a, b, scale }, weight }) => Math.abs(weight * scale) * b.norm() * a.norm());
  const size = sizes.reduce((s, value) => s + value, 0);
  return compress(join(members), fit, ROUNDING * size);
}

/** What B's biases add up to, [o]. */
function combineBiases({ path, members, outDim }: PlannedSite, rule: Rule): Float64Array {
  const changes = members.map(({ change: { upBias, scale }, weight }) =>
    Float64Array.from({ length: outDim }, (_, i) => weight * scale * (upBias?.[i] ?? 0)),
  );
  return mix(`${path}.bias`, changes, rule);
}

/** @param loraBias whether B has a bias in the result */
export async function combineSite(
  site: PlannedSite,
  rule: Rule,
  loraBias: boolean,
  weightOf?: WeightOf,
): Promise<FittedSite> {
  const { path, kind, inShape } = site;
  const low = await combineMatrices(site, rule, weightOf);
  return { path, kind, inShape, low, upBias: loraBias ? combineBiases(site, rule) : null };
}
