// AdamW with means of 8 bits: both are read from their codes, updated as AdamW updates them, and coded again.
import {
  type Adamw8bitForm,
  adamw,
  adamw8bit,
  type Coded,
  DYNAMIC_BLOCK,
  DYNAMIC_WORDS,
  dynamicDecades,
  dynamicTable,
  type Kernel,
  kernel,
} from '@peftjs/backend';
import { type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { maxOverGroup } from '../wgsl/max-over-group.ts';
import { LANES, sumOverGroup } from '../wgsl/sum-over-group.ts';

const decode = {
  name: 'dynamic-decode',
  reads: { words: 'f32', scales: 'f32', table: 'f32' },
  writes: { values: 'f32' },
  numbers: { size: 'u32' },
  body: `${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.size) { return; }
  let block = i / ${DYNAMIC_BLOCK};
  let k = i % ${DYNAMIC_BLOCK};
  let word = u32(words[block * ${DYNAMIC_WORDS} + k / 3]);
  values[i] = table[(word >> (8 * (k % 3))) & 255] * scales[block];
}`,
} as const satisfies Shader;

/** The nearest code, by the decade that a size lies in. */
function nearest(signed: boolean): string {
  const { decades, one } = dynamicDecades(signed);
  const list = (values: readonly number[]) => values.map((v) => v.toExponential()).join(', ');
  const count = decades.length;
  return `
const BOUNDS = array<f32, ${count}>(${list(decades.map(({ bound }) => bound))});
const PARTS = array<f32, ${count}>(${list(decades.map(({ parts }) => parts))});
const FACTORS = array<f32, ${count}>(${list(decades.map(({ factor }) => factor))});
fn nearest(x: f32) -> u32 {
  let size = abs(x);
  if (!(size > BOUNDS[0])) { return ${signed ? 127 : 0}; }
  if (x > ${one}) { return 255; }
  var d = 0;
  for (var k = 1; k < ${count}; k++) {
    if (size > BOUNDS[k]) { d = k; }
  }
  let place = floor((size * FACTORS[d] - 0.1) / 0.9 * PARTS[d]);
  let rank = clamp(place, 0, PARTS[d] - 1) + PARTS[d];
  return u32(${signed ? 'select(127 - rank, 127 + rank, x > 0)' : 'rank - 1'});
}`;
}

const encode = (signed: boolean) =>
  ({
    name: `dynamic-encode-${signed ? 'signed' : 'unsigned'}`,
    reads: { values: 'f32' },
    writes: { words: 'f32', scales: 'f32' },
    numbers: { size: 'u32', blocks: 'u32' },
    body: `${sumOverGroup}${maxOverGroup}${nearest(signed)}
${entry(LANES)} {
  let block = groupIndex(group, groups);
  if (block >= p.blocks) { return; }
  let first = block * ${DYNAMIC_BLOCK};
  let end = min(p.size, first + ${DYNAMIC_BLOCK});
  var most = 0.0;
  for (var i = first + lane; i < end; i += ${LANES}) { most = max(most, abs(values[i])); }
  let scale = maxOverGroup(most, lane);
  if (lane == 0) { scales[block] = scale; }
  for (var w = lane; w < ${DYNAMIC_WORDS}; w += ${LANES}) {
    var word = 0u;
    for (var k = 0u; k < 3; k++) {
      let i = first + 3 * w + k;
      var x = 0.0;
      if (i < end) { x = values[i] / max(scale, 1e-30); }
      word |= nearest(x) << (8 * k);
    }
    words[block * ${DYNAMIC_WORDS} + w] = f32(word);
  }
}`,
  }) as const satisfies Shader;

const encodes = { m: encode(true), v: encode(false) };

export function adamw8bitKernel(r: Runtime): Kernel {
  const read = ({ words, scales }: Coded, { shape, size }: Tensor, signed: boolean): Tensor => {
    const values = r.tensor(shape);
    const table = tensor1d(dynamicTable(signed));
    r.run(decode, { words, scales, table, values }, { size }, Math.ceil(size / LANES));
    return values;
  };
  const write = (values: Tensor, like: Coded, shader: (typeof encodes)['m' | 'v']): Coded => {
    const coded = { words: r.tensor(like.words.shape), scales: r.tensor(like.scales.shape) };
    const blocks = like.scales.size;
    r.run(shader, { values, ...coded }, { size: values.size, blocks }, blocks);
    return coded;
  };
  const form: Adamw8bitForm = ({ p, g, m, v }, attrs) => {
    const [p2, m2, v2] = adamw({ p, g, m: read(m, p, true), v: read(v, p, false) }, attrs);
    return { p: p2, m: write(m2, m, encodes.m), v: write(v2, v, encodes.v) };
  };
  return kernel(adamw8bit, form);
}
