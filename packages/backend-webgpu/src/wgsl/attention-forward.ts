// The forward pass of attention, a query a workgroup.
import { entry } from '../shader.ts';
import { type AttentionShader, LANES, NUMBERS, score, WIDEST } from './attention-scores.ts';
import { maxOverGroup } from './max-over-group.ts';
import { sumOverGroup } from './sum-over-group.ts';

export const attentionForward: AttentionShader<'q' | 'k' | 'v' | 'mask', 'y' | 'norms'> = {
  name: 'attention',
  reads: { q: 'f32', k: 'f32', v: 'f32', mask: 'f32' },
  writes: { y: 'f32', norms: 'f32' },
  numbers: NUMBERS,
  body: `${sumOverGroup}${maxOverGroup}${score}
var<workgroup> shares: array<f32, ${LANES}>;
${entry(LANES)} {
  let query = groupIndex(group, groups);
  if (query >= p.b * p.t * p.h) { return; }
  let head = query % p.h / (p.h / p.g);
  let i = query / p.h % p.t;
  let batch = query / (p.h * p.t);
  let at = query * p.f;
  var most = -3e38;
  var sum = 0.0;
  var made: array<f32, ${WIDEST / LANES}>;
  for (var first = 0u; first < p.s; first += ${LANES}u) {
    let count = min(${LANES}u, p.s - first);
    let j = first + lane;
    var own = -3e38;
    if (lane < count) { own = score(batch, i, j, at, ((batch * p.s + j) * p.g + head) * p.f); }
    let highest = max(most, maxOverGroup(own, lane));
    let before = exp(most - highest);
    shares[lane] = select(0.0, exp(own - highest), lane < count);
    sum = sum * before + sumOverGroup(shares[lane], lane);
    most = highest;
    for (var n = 0u; n < ${WIDEST / LANES}u; n++) {
      let column = n * ${LANES}u + lane;
      if (column < p.f) {
        var part = made[n] * before;
        for (var key = 0u; key < count; key++) {
          part += shares[key] * v[((batch * p.s + first + key) * p.g + head) * p.f + column];
        }
        made[n] = part;
      }
    }
    workgroupBarrier();
  }
  if (lane == 0) {
    norms[2 * query] = most;
    norms[2 * query + 1] = sum;
  }
  for (var n = 0u; n < ${WIDEST / LANES}u; n++) {
    let column = n * ${LANES}u + lane;
    if (column < p.f) { y[at + column] = made[n] / sum; }
  }
}`,
};
