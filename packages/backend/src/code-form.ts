// What the codes of a packed matrix say, as data: a backend decodes forms of codes, and knows no storage by its name.

export type CodeForm = HalfForm | GroupedForm;

/** Numbers of 16 bits, two to a word, the first in its low half. */
export interface HalfForm {
  readonly kind: 'half';
  /** Bits of the exponent: IEEE 754's binary16, or bfloat16. */
  readonly exponent: 5 | 8;
}

/**
 * Codes in groups along a row, each with a scale: number = level * scale + offset, rounded after the product and after the sum.
 * The last group of a row is filled up, and so is its last word.
 *
 * Arrays beside `codes` [o, words]:
 * `levels` [16], the numbers that codes of four bits say;
 * `scales` [o, groups], or where they are nested, bytes of these row after row, filled up to whole blocks of 256;
 * `offsets` [o, groups], where there are any;
 * `map` [256] and `blocks` [1 + n], where scales are nested: scale k is map[byte k] * blocks[1 + k / 256] + blocks[0].
 */
export interface GroupedForm {
  readonly kind: 'grouped';
  /** What the 16 codes of four bits say, two of them to a byte, the first in its upper half; null: bytes, whole numbers with a sign. */
  readonly levels: Float32Array | null;
  /** Numbers in a group, a multiple of 32; `row`: all of a row. */
  readonly group: number | 'row';
  /** What the 256 codes of scales say, where these are nested; null: scales are float32. */
  readonly map: Float32Array | null;
  readonly offsets: boolean;
  /**
   * Of bytes without offsets: whether a backend that multiplies whole numbers faster may round few rows of inputs to bytes too,
   * each row by its largest size / 127. Products of many rows and gradients are in float32.
   */
  readonly inputs?: 8;
  readonly fit: Fit;
}

/**
 * How a group gets its scale: the largest size in it, the number of the largest size, or the range from the smallest to the
 * largest, times `share`. The offset is the smallest, where there are offsets.
 */
export interface Fit {
  readonly of: 'size' | 'number' | 'range';
  readonly share: number;
  /**
   * Where all of a group are whole multiples of one step, up to so many of it, that step is the scale: what was trained with
   * learned steps is kept as it is. Codes that are made from numbers read beforehand alone; a device that packs does without.
   */
  readonly multiples?: number;
}

/** Scales in a block of nested ones. */
export const NESTED_BLOCK = 256;

/** The sizes of a matrix's parts in a grouped form. */
export interface GroupSizes {
  /** Numbers in a group. */
  readonly length: number;
  /** Groups in a row. */
  readonly groups: number;
  /** Words in a row of codes. */
  readonly words: number;
}

export function groupSizes({ levels, group }: GroupedForm, inDim: number): GroupSizes {
  const length = group === 'row' ? 32 * Math.ceil(inDim / 32) : group;
  const groups = Math.ceil(inDim / length);
  return { length, groups, words: (groups * length) / (levels === null ? 4 : 8) };
}

/** Levels in order: the code of each, and the bounds between neighbors. What lies on a bound belongs to the lower. */
export function levelOrder(levels: Float32Array): { readonly codes: readonly number[]; readonly bounds: Float32Array } {
  const codes = [...levels.keys()].sort((a, b) => (levels[a] as number) - (levels[b] as number));
  const sorted = Float32Array.from(codes, (code) => levels[code] as number);
  const bounds = sorted.slice(1).map((level, k) => Math.fround(level + (sorted[k] as number)) / 2);
  return { codes, bounds };
}
