// The packing of a grouped form: codes of four or eight bits, and a scale for each group of them.
import {
  type Encoder,
  emptyArrays,
  type GroupedForm,
  groupSizes,
  type PackedArray,
  type PackedArrays,
} from '@peftjs/backend';
import { bytesOf, encodeGroups, encodeWithFeedback } from './encode-groups.ts';
import { moveNested, nest, nestedArrays, unnest } from './nested-scales.ts';
import type { FilePacking, Scaling } from './packed-weight.ts';

/** A packing whose form is known, so that every backend has a decoder. */
export interface GroupedPacking extends FilePacking {
  readonly form: GroupedForm;
  /**
   * @param importance of each column [i]: scales then lose least, where by default the largest number of a group fits; of each two
   * [i, i]: what a column loses is made up for by those after it
   */
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
    scaling: scalingOf(form),
    arrays: (outDim, inDim) => ({
      ...plain(outDim, inDim),
      ...(nested && nestedArrays(outDim * groupSizes(form, inDim).groups)),
    }),
    encoder(outDim, inDim, importance) {
      const arrays = emptyArrays({ arrays: plain }, outDim, inDim);
      if (form.levels !== null) (arrays.levels as Float32Array).set(form.levels);
      const products = importance && importance.length > inDim ? importance : null;
      const encode = products
        ? encodeWithFeedback(form, inDim, arrays, products)
        : encodeGroups(form, inDim, arrays, importance);
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

/** A number is level * scale + offset, and so both take the factor. */
function scalingOf(form: GroupedForm): Scaling {
  const nested = form.map !== null;
  return {
    group: (inDim) => Math.min(inDim, groupSizes(form, inDim).length),
    times(arrays, factors) {
      const times = (of: (k: number) => number) => factors.map((factor, k) => factor * of(k));
      const { scales, offsets } = arrays as Readonly<Record<string, Float32Array>>;
      const next = times(nested ? (k) => unnest(arrays, k) : (k) => scales?.[k] as number);
      return {
        ...(nested ? moveNested(arrays, next) : { scales: next }),
        ...(offsets && { offsets: times((k) => offsets[k] as number) }),
      };
    },
  };
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
