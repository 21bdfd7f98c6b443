// Few rows times codes of four bits, in JavaScript: two numbers of x and a byte of two codes have one of 256 sums, which the rows
// of the matrix look up. Decoding the matrix in native ops takes several times as long.
import { type CodeForm, type GroupedForm, groupSizes, NESTED_BLOCK, type PackedMatrix } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { tensorOf, valuesOf } from '../in-javascript.ts';
import { tensorflow } from '../native.ts';

/** A form of codes of four bits. */
export type LevelForm = GroupedForm & { readonly levels: Float32Array };

/** Whether codes stay in JavaScript, from where native ops borrow them. */
export function staysInJavaScript(form: CodeForm): form is LevelForm {
  return form.kind === 'grouped' && form.levels !== null && !tensorflow().isUsingGpuDevice;
}

/** Rows of x from which decoding takes less time. */
export const FEW_ROWS = 4;

/** Rows of the matrix that use a part of the table while it is at hand. */
const TILE = 256;

/** The sums of each two numbers of x, [i / 2, 256]. */
let table = new Float32Array(0);

/** x W', [..., i] to [..., o]. */
export function timesFewRows(form: LevelForm, matrix: PackedMatrix, x: Tensor): Tensor {
  const { outDim, inDim } = matrix;
  const { length, groups } = groupSizes(form, inDim);
  if (table.length < groups * length * 128) table = new Float32Array(groups * length * 128);
  const values = valuesOf(x);
  const out = new Float32Array((values.length / inDim) * outDim);
  const row = new Float32Array(groups * length);
  for (let n = 0; n * inDim < values.length; n++) {
    row.set(values.subarray(n * inDim, (n + 1) * inDim));
    fillTable(form.levels, row);
    timesRow(form, matrix, row, out.subarray(n * outDim, (n + 1) * outDim));
  }
  return tensorOf(out, [...x.shape.slice(0, -1), outDim]);
}

function fillTable(levels: Float32Array, x: Float32Array): void {
  const sums = table;
  for (let k = 0, at = 0; k < x.length; k += 2, at += 256) {
    const [upper, lower] = [x[k] as number, x[k + 1] as number];
    for (let low = 0; low < 16; low += 4) {
      const a = (levels[low] as number) * lower;
      const b = (levels[low + 1] as number) * lower;
      const c = (levels[low + 2] as number) * lower;
      const d = (levels[low + 3] as number) * lower;
      for (let high = 0, to = at + low; high < 16; high++, to += 16) {
        const first = (levels[high] as number) * upper;
        sums[to] = first + a;
        sums[to + 1] = first + b;
        sums[to + 2] = first + c;
        sums[to + 3] = first + d;
      }
    }
  }
}

function timesRow(form: LevelForm, matrix: PackedMatrix, x: Float32Array, out: Float32Array): void {
  const { outDim, inDim, tensors } = matrix;
  const { length, groups, words } = groupSizes(form, inDim);
  const codes = tensors.codes.dataSync<'int32'>() as Int32Array;
  const offsets = tensors.offsets && valuesOf(tensors.offsets);
  const scalesOf = scaleReader(form, matrix);
  for (let first = 0; first < outDim; first += TILE) {
    const count = Math.min(TILE, outDim - first);
    const scales = scalesOf(first * groups, count * groups);
    const found = new Float64Array(count);
    for (let g = 0; g < groups; g++) {
      addGroup(codes, first * words + (g * length) / 8, words, length / 8, g * length * 128, found, scales, g, groups);
      if (offsets === undefined) continue;
      const sum = x.subarray(g * length, (g + 1) * length).reduce((total, value) => total + value, 0);
      for (let r = 0; r < count; r++) (found[r] as number) += sum * (offsets[(first + r) * groups + g] as number);
    }
    out.set(found, first);
  }
}

/**
 * Adds a group's part of the product to `found`, one number a row. Two rows at a time: looking up waits for memory.
 * @param from where the group's words begin in `codes`, in the first row
 * @param at where its part of the table begins
 */
function addGroup(
  codes: Int32Array,
  from: number,
  stride: number,
  words: number,
  at: number,
  found: Float64Array,
  scales: Float32Array,
  group: number,
  groups: number,
): void {
  const sums = table;
  for (let r = 0, start = from; r < found.length; r += 2, start += 2 * stride) {
    const next = r + 1 < found.length ? stride : 0;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let p = start, k = at; p < start + words; p++, k += 1024) {
      const v = codes[p] as number;
      const w = codes[p + next] as number;
      a += sums[k + (v & 255)] as number;
      b += sums[k + 256 + ((v >> 8) & 255)] as number;
      a += sums[k + 512 + ((v >> 16) & 255)] as number;
      b += sums[k + 768 + (v >>> 24)] as number;
      c += sums[k + (w & 255)] as number;
      d += sums[k + 256 + ((w >> 8) & 255)] as number;
      c += sums[k + 512 + ((w >> 16) & 255)] as number;
      d += sums[k + 768 + (w >>> 24)] as number;
    }
    (found[r] as number) += (a + b) * (scales[r * groups + group] as number);
    if (next > 0) (found[r + 1] as number) += (c + d) * (scales[(r + 1) * groups + group] as number);
  }
}

/** Gives so many scales from one on, nested or not. */
function scaleReader({ map }: LevelForm, { tensors }: PackedMatrix): (first: number, count: number) => Float32Array {
  const held = (tensors.scales as Tensor).dataSync();
  if (map === null) return (first, count) => held.subarray(first, first + count) as Float32Array;
  const bytes = new Uint8Array(held.buffer, held.byteOffset, held.byteLength);
  const blocks = valuesOf(tensors.blocks as Tensor);
  const numbers = valuesOf(tensors.map as Tensor);
  return (first, count) => {
    const scales = new Float32Array(count);
    for (let k = 0; k < count; k++) {
      const size = blocks[1 + Math.floor((first + k) / NESTED_BLOCK)] as number;
      const product = Math.fround((numbers[bytes[first + k] as number] as number) * size);
      scales[k] = product + (blocks[0] as number);
    }
    return scales;
  };
}
