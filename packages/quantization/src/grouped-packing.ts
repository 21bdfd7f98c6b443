// The packing of a grouped form: codes of four or eight bits, and a scale for each group of them.
import {
  type Encoder,
  emptyArrays,
  type GroupedForm,
  groupSizes,
  type PackedArray,
  type PackedArrays,
} from '@peftjs/backend';
import { type FittedGroup, fitterOf } from './fit-group.ts';
import { nest, nestedArrays, unnest } from './nested-scales.ts';
import type { FilePacking } from './packed-weight.ts';

/** A packing whose form is known, so that every backend has a decoder. */
export interface GroupedPacking extends FilePacking {
  readonly form: GroupedForm;
  /** @param importance of each column [i]: scales then lose least, where by default the largest number of a group fits */
  encoder(outDim: number, inDim: number, importance?: Float32Array): Encoder;
}

/**
 * @param name for errors
 * @param fileCodes where files have such codes
 */
export function groupedPacking(name: string, form: GroupedForm, fileCodes?: FilePacking['fileCodes']): GroupedPacking {
  const nested = form.map !== null;
  const plain = (outDim: number, inDim: number): { codes: PackedArray } & Record<string, PackedArray> => {
    const { groups, words } = groupSizes(form, inDim);
    const perGroup = { shape: [outDim, groups], dtype: 'float32' } as const;
    return {
      codes: { shape: [outDim, words], dtype: 'int32' },
      scales: perGroup,
      ...(form.offsets && { offsets: perGroup }),
      ...(form.levels !== null && { levels: { shape: [form.levels.length], dtype: 'float32' } }),
    };
  };
  return {
    name,
    form,
    ...(fileCodes && { fileCodes }),
    arrays: (outDim, inDim) => ({
      ...plain(outDim, inDim),
      ...(nested && nestedArrays(outDim * groupSizes(form, inDim).groups)),
    }),
    encoder(outDim, inDim, importance) {
      const arrays = emptyArrays({ arrays: plain }, outDim, inDim);
      if (form.levels !== null) (arrays.levels as Float32Array).set(form.levels);
      const encode = encodeGroups(form, inDim, arrays, importance);
      return { encode, finish: () => (nested ? { ...arrays, ...nest(arrays.scales as Float32Array) } : arrays) };
    },
    decode(arrays, row, out) {
      const { length, groups } = groupSizes(form, out.length);
      const { scales, offsets } = arrays as PackedArrays & Readonly<Record<string, Float32Array>>;
      const code = codeReader(form, arrays, row * groups * length);
      for (let g = 0, i = 0; g < groups; g++) {
        const at = row * groups + g;
        const scale = nested ? unnest(arrays, at) : (scales?.[at] as number);
        const offset = offsets?.[at] ?? 0;
        for (const end = Math.min(i + length, out.length); i < end; i++) {
          const product = Math.fround(code(i) * scale);
          out[i] = form.offsets ? product + offset : product;
        }
      }
    },
  };
}

function encodeGroups(
  form: GroupedForm,
  inDim: number,
  arrays: PackedArrays,
  importance?: Float32Array,
): Encoder['encode'] {
  const { length, groups } = groupSizes(form, inDim);
  const { codes, scales, offsets } = arrays as PackedArrays & Readonly<Record<string, Float32Array>>;
  const bytes = bytesOf(codes);
  const fitted: FittedGroup = { scale: 0, offset: 0, codes: new Uint8Array(length) };
  const fit = fitterOf(form, fitted);
  const own = Array.from({ length: groups }, (_, g) => importance?.subarray(g * length, (g + 1) * length));
  return (rows, first) => {
    for (let start = 0, row = first; start < rows.length; start += inDim, row++) {
      for (let g = 0; g < groups; g++) {
        const from = start + g * length;
        const end = Math.min(from + length, start + inDim);
        const without = fit(rows, from, end, own[g]);
        if (without >= 0) return without;
        const at = row * groups + g;
        (scales as Float32Array)[at] = fitted.scale;
        if (offsets) offsets[at] = fitted.offset;
        store(fitted.codes, bytes, at * length, form.levels === null);
      }
    }
    return -1;
  };
}

/** @param at in codes, counted from the first row's first */
function store(codes: Uint8Array, bytes: Uint8Array, at: number, whole: boolean): void {
  if (whole) bytes.set(codes, at);
  else {
    for (let i = 0; i < codes.length; i += 2) {
      bytes[(at + i) >> 1] = ((codes[i] as number) << 4) | (codes[i + 1] as number);
    }
  }
}

/** What the code says that lies so many codes after `start`. */
function codeReader({ levels }: GroupedForm, arrays: PackedArrays, start: number): (i: number) => number {
  const bytes = bytesOf(arrays.codes);
  if (levels === null) {
    const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    return (i) => signed[start + i] as number;
  }
  const own = arrays.levels as Float32Array;
  return (i) => {
    const byte = bytes[(start + i) >> 1] as number;
    return own[i & 1 ? byte & 15 : byte >> 4] as number;
  };
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, 4 * words.length);
}
