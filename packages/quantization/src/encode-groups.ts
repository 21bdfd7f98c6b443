// The codes of rows in groups: each group by itself, or so that columns make up for what those before them have lost.
import { type Encoder, type GroupedForm, groupSizes, type PackedArrays } from '@peftjs/backend';
import { addProducts, feedbackOf } from './error-feedback.ts';
import { coderOf, type FittedGroup, fitterOf } from './fit-group.ts';

/** @param importance of each column [i] */
export function encodeGroups(
  form: GroupedForm,
  inDim: number,
  arrays: PackedArrays,
  importance?: Float32Array,
): Encoder['encode'] {
  const { length, groups } = groupSizes(form, inDim);
  const { fitted, store } = groupStore(form, inDim, arrays);
  const fit = fitterOf(form, fitted);
  const own = Array.from({ length: groups }, (_, g) => importance?.subarray(g * length, (g + 1) * length));
  return (rows, first) => {
    for (let start = 0, row = first; start < rows.length; start += inDim, row++) {
      for (let g = 0; g < groups; g++) {
        const from = start + g * length;
        const without = fit(rows, from, Math.min(from + length, start + inDim), own[g]);
        if (without >= 0) return without;
        store(row, g);
      }
    }
    return -1;
  };
}

/** Rows that are coded together, group by group: so many that what columns share is read rarely. */
const TOGETHER = 64;

/** @param products of columns [i, i], the mean over what enters the layer */
export function encodeWithFeedback(
  form: GroupedForm,
  inDim: number,
  arrays: PackedArrays,
  products: Float32Array,
): Encoder['encode'] {
  const { length, groups } = groupSizes(form, inDim);
  const { fitted, store } = groupStore(form, inDim, arrays);
  const fit = fitterOf(form, fitted);
  const { code, said } = coderOf(form, fitted);
  const { costs, shares } = feedbackOf(products, inDim);
  /** What each column has lost, of the rows that are coded together. */
  const lost = new Float64Array(TOGETHER * inDim);
  const taken = new Float64Array(4 * length + 4);
  const wanted = new Float32Array(length);

  /** @returns the place in the group of a number without a code, or -1 */
  const encodeGroup = (rows: Float32Array, start: number, r: number, from: number, end: number): number => {
    const count = end - from;
    for (let k = 0; k < count; k++) wanted[k] = (rows[start + from + k] as number) + (taken[4 * k + (r & 3)] as number);
    const without = fit(wanted, 0, count, costs.subarray(from, end));
    if (without >= 0) return without;
    for (let k = 0, mine = r * inDim + from; k < count; k++) {
      let x = wanted[k] as number;
      const share = (from + k) * inDim + from;
      for (let i = 0; i < k; i++) x += (lost[mine + i] as number) * (shares[share + i] as number);
      const found = code(x);
      fitted.codes[k] = found;
      lost[mine + k] = (rows[start + from + k] as number) - said(found);
    }
    return -1;
  };

  return (rows, first) => {
    const count = rows.length / inDim;
    for (let top = 0; top < count; top += TOGETHER) {
      const most = Math.min(TOGETHER, count - top);
      for (let g = 0, from = 0; g < groups; g++, from += length) {
        const end = Math.min(from + length, inDim);
        for (let r = 0; r < most; r++) {
          if (r % 4 === 0) {
            for (let k = from; k < end; k += 2) addProducts(lost, r, shares, k, inDim, 0, from, taken, 4 * (k - from));
          }
          const start = (top + r) * inDim;
          const without = encodeGroup(rows, start, r, from, end);
          if (without >= 0) return start + from + without;
          store(first + top + r, g);
        }
      }
    }
    return -1;
  };
}

/** A group that is fitted, and what puts it into the arrays of a matrix. */
function groupStore(form: GroupedForm, inDim: number, arrays: PackedArrays) {
  const { length, groups } = groupSizes(form, inDim);
  const { codes, scales, offsets } = arrays as PackedArrays & Readonly<Record<string, Float32Array>>;
  const bytes = bytesOf(codes);
  const fitted: FittedGroup = { scale: 0, offset: 0, codes: new Uint8Array(length) };
  const store = (row: number, g: number) => {
    const at = row * groups + g;
    (scales as Float32Array)[at] = fitted.scale;
    if (offsets) offsets[at] = fitted.offset;
    if (form.levels === null) bytes.set(fitted.codes, at * length);
    else {
      for (let i = 0; i < length; i += 2) {
        bytes[(at * length + i) >> 1] = ((fitted.codes[i] as number) << 4) | (fitted.codes[i + 1] as number);
      }
    }
  };
  return { fitted, store };
}

export function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, 4 * words.length);
}
