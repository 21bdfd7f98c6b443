// Groups of numbers fitted and coded, and scales nested, in WGSL: the codes that JavaScript finds, bit for bit.
import { type GroupedForm, levelOrder } from '@peftjs/backend';

/** 1 / x, rounded to the nearest, of a normal x > 0: a device's own division may be off in its last bits. */
const RECIPROCAL = `
fn reciprocal(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let exponent = bits >> 23;
  let fraction = (bits & 0x7fffff) | 0x800000;
  if (fraction == 0x800000) { return bitcast<f32>((254 - exponent) << 23); }
  var quotient = 0u;
  var rest = 0x800000u;
  for (var i = 0; i < 24; i++) {
    rest <<= 1;
    quotient <<= 1;
    if (rest >= fraction) {
      rest -= fraction;
      quotient |= 1;
    }
  }
  if (2 * rest > fraction) { quotient++; }
  return bitcast<f32>(((253 - exponent) << 23) + (quotient - 0x800000));
}`;

const MEASURES: Readonly<Record<GroupedForm['fit']['of'], string>> = {
  size: 'size = max(size, abs(v));',
  number: 'if (abs(v) > abs(size)) { size = v; }',
  range: 'least = min(least, v);\n    most = max(most, v);',
};

const list = (values: Iterable<number>): string => [...values].join(', ');

function nearest(levels: Float32Array | null): string {
  if (levels === null) return 'fn nearest(x: f32) -> u32 { return u32(i32(round(clamp(x, -127, 127)))) & 255; }';
  const { codes, bounds } = levelOrder(levels);
  return `
const BOUNDS = array<f32, 15>(${list(bounds)});
const CODES = array<u32, 16>(${list(codes)});
fn nearest(x: f32) -> u32 {
  var below = 0u;
  for (var k = 0u; k < 15; k++) {
    if (BOUNDS[k] < x) { below++; }
  }
  return CODES[below];
}`;
}

/** The body of a shader, a lane for each group: `dense` to `codes`, `scales` and what offsets there are. */
export function groupedEncode({ levels, offsets, fit }: GroupedForm, main: string): string {
  const range = fit.of === 'range';
  const bits = levels === null ? 8 : 4;
  const perWord = 32 / bits;
  const shift = levels === null ? '8 * k' : '4 * (k ^ 1)';
  return `${RECIPROCAL}${nearest(levels)}${main}
  if (i >= p.rows * p.groups) { return; }
  let first = i % p.groups * p.length;
  let start = i / p.groups * p.d + first;
  let count = min(p.length, p.d - first);
  var size = 0f;
  var least = dense[start];
  var most = least;
  for (var k = 0u; k < count; k++) {
    let v = dense[start + k];
    ${MEASURES[fit.of]}
  }
  let scale = ${range ? '(most - least)' : 'size'} * p.share;
  let offset = ${offsets ? 'least' : '0f'};
  var inverse = 1e38;
  if (abs(scale) >= 1.1754944e-38) { inverse = reciprocal(abs(scale)); }
  if (scale < 0) { inverse = -inverse; }
  scales[i] = scale;
  ${offsets ? 'offsets[i] = offset;' : ''}
  let words = p.length / ${perWord};
  for (var w = 0u; w < words; w++) {
    var word = 0u;
    for (var k = 0u; k < ${perWord}; k++) {
      let at = w * ${perWord} + k;
      var x = 0f;
      if (at < count) { x = (dense[start + at] - offset) * inverse; }
      word |= nearest(x) << (${shift});
    }
    codes[i * words + w] = word;
  }
}`;
}

/** The body of a shader that makes nested scales of plain ones, a lane for each block of 256, given the sum of each block. */
export function nestedEncode(map: Float32Array, main: string): string {
  const bounds = map.slice(1).map((high, k) => Math.fround(high + (map[k] as number)) / 2);
  return `${RECIPROCAL}
const BOUNDS = array<f32, 255>(${list(bounds)});
fn nearest(x: f32) -> u32 {
  var below = 0u;
  for (var jump = 128u; jump > 0; jump >>= 1) {
    if (BOUNDS[below + jump - 1] < x) { below += jump; }
  }
  return below;
}${main}
  let count = (p.size + 255) / 256;
  if (i >= count) { return; }
  var sum = 0f;
  for (var b = 0u; b < count; b++) { sum += sums[b]; }
  let mean = sum * p.share;
  if (i == 0) { blocks[0] = mean; }
  let first = i * 256;
  let end = min(first + 256, p.size);
  var largest = 0f;
  for (var k = first; k < end; k++) { largest = max(largest, abs(plain[k] - mean)); }
  blocks[1 + i] = largest;
  var inverse = 0f;
  if (largest >= 1.1754944e-38) { inverse = reciprocal(largest); }
  for (var w = 0u; w < 64; w++) {
    var word = 0u;
    for (var k = 0u; k < 4; k++) {
      let at = first + 4 * w + k;
      if (at < end) { word |= nearest((plain[at] - mean) * inverse) << (8 * k); }
    }
    scales[i * 64 + w] = word;
  }
}`;
}

/** The body of a shader that adds up blocks of 256, each from its first number on. */
export const blockSums = (main: string): string => `${main}
  if (i >= (p.size + 255) / 256) { return; }
  var sum = 0f;
  for (var k = i * 256; k < min(i * 256 + 256, p.size); k++) { sum += plain[k]; }
  sums[i] = sum;
}`;
