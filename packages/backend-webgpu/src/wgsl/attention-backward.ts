// The backward pass of attention. With p = exp(score - most) / sum and d = dy · v - dy · y: dq = scale Σ p d k over the keys,
// dk = scale Σ p d q and dv = Σ p dy over the queries of every head that reads the key.
import { entry, type Shader } from '../shader.ts';
import { type AttentionShader, LANES, NUMBERS, score, WIDEST } from './attention-scores.ts';
import { sumOverGroup } from './sum-over-group.ts';

type Read = 'dy' | 'q' | 'k' | 'v' | 'mask' | 'stats';
const READS = { dy: 'f32', q: 'f32', k: 'f32', v: 'f32', mask: 'f32', stats: 'f32' } as const;

/** Three numbers a query, so that no shader binds more buffers than any device allows: largest score, sum, dy · y. */
export const attentionStats: Shader<'dy' | 'y' | 'norms', 'stats', 'queries' | 'f'> = {
  name: 'attention-stats',
  reads: { dy: 'f32', y: 'f32', norms: 'f32' },
  writes: { stats: 'f32' },
  numbers: { queries: 'u32', f: 'u32' },
  body: `${sumOverGroup}
${entry(LANES)} {
  let query = groupIndex(group, groups);
  if (query >= p.queries) { return; }
  var dot = 0.0;
  for (var n = lane; n < p.f; n += ${LANES}u) { dot += dy[query * p.f + n] * y[query * p.f + n]; }
  dot = sumOverGroup(dot, lane);
  if (lane == 0) {
    stats[3 * query] = norms[2 * query];
    stats[3 * query + 1] = norms[2 * query + 1];
    stats[3 * query + 2] = dot;
  }
}`,
};

/** The share of key j for a query, and how its score moves the loss. */
const slope = `
struct Slope { share: f32, toScore: f32 }
fn slope(entry: u32, i: u32, j: u32, query: u32, keyAt: u32) -> Slope {
  let at = query * p.f;
  let share = exp(score(entry, i, j, at, keyAt) - stats[3 * query]) / stats[3 * query + 1];
  var d = -stats[3 * query + 2];
  for (var n = 0u; n < p.f; n++) { d += dy[at + n] * v[keyAt + n]; }
  return Slope(share, share * d * p.scale);
}`;

export const attentionQueries: AttentionShader<Read, 'dq'> = {
  name: 'attention-dq',
  reads: READS,
  writes: { dq: 'f32' },
  numbers: NUMBERS,
  body: `${score}${slope}
var<workgroup> slopes: array<f32, ${LANES}>;
${entry(LANES)} {
  let query = groupIndex(group, groups);
  if (query >= p.b * p.t * p.h) { return; }
  let head = query % p.h / (p.h / p.g);
  let i = query / p.h % p.t;
  let batch = query / (p.h * p.t);
  var made: array<f32, ${WIDEST / LANES}>;
  for (var first = 0u; first < p.s; first += ${LANES}u) {
    let count = min(${LANES}u, p.s - first);
    let j = first + lane;
    if (lane < count) { slopes[lane] = slope(batch, i, j, query, ((batch * p.s + j) * p.g + head) * p.f).toScore; }
    workgroupBarrier();
    for (var n = 0u; n < ${WIDEST / LANES}u; n++) {
      let column = n * ${LANES}u + lane;
      if (column < p.f) {
        for (var key = 0u; key < count; key++) {
          made[n] += slopes[key] * k[((batch * p.s + first + key) * p.g + head) * p.f + column];
        }
      }
    }
    workgroupBarrier();
  }
  for (var n = 0u; n < ${WIDEST / LANES}u; n++) {
    let column = n * ${LANES}u + lane;
    if (column < p.f) { dq[query * p.f + column] = made[n]; }
  }
}`,
};

export const attentionKeys: AttentionShader<Read, 'dk' | 'dv'> = {
  name: 'attention-dkv',
  reads: READS,
  writes: { dk: 'f32', dv: 'f32' },
  numbers: NUMBERS,
  body: `${score}${slope}
var<workgroup> slopes: array<Slope, ${LANES}>;
${entry(LANES)} {
  let key = groupIndex(group, groups);
  if (key >= p.b * p.s * p.g) { return; }
  let heads = p.h / p.g;
  let j = key / p.g % p.s;
  let batch = key / (p.g * p.s);
  let queries = heads * p.t;
  var madeK: array<f32, ${WIDEST / LANES}>;
  var madeV: array<f32, ${WIDEST / LANES}>;
  for (var first = 0u; first < queries; first += ${LANES}u) {
    let count = min(${LANES}u, queries - first);
    if (lane < count) {
      let i = (first + lane) / heads;
      let query = (batch * p.t + i) * p.h + key % p.g * heads + (first + lane) % heads;
      slopes[lane] = slope(batch, i, j, query, key * p.f);
    }
    workgroupBarrier();
    for (var n = 0u; n < ${WIDEST / LANES}u; n++) {
      let column = n * ${LANES}u + lane;
      if (column < p.f) {
        for (var other = 0u; other < count; other++) {
          let i = (first + other) / heads;
          let query = (batch * p.t + i) * p.h + key % p.g * heads + (first + other) % heads;
          madeK[n] += slopes[other].toScore * q[query * p.f + column];
          madeV[n] += slopes[other].share * dy[query * p.f + column];
        }
      }
    }
    workgroupBarrier();
  }
  for (var n = 0u; n < ${WIDEST / LANES}u; n++) {
    let column = n * ${LANES}u + lane;
    if (column < p.f) {
      dk[key * p.f + column] = madeK[n];
      dv[key * p.f + column] = madeV[n];
    }
  }
}`,
};
