// Numbers from codes of four or eight bits in groups along a row, in WGSL.
import type { GroupedForm } from '@peftjs/backend';
import type { Element } from '../shader.ts';

/** What decoding reads: the matrix's arrays. */
export function groupedReads({ levels, map, offsets }: GroupedForm): Readonly<Record<string, Element>> {
  return {
    codes: 'u32',
    ...(map === null ? { scales: 'f32' } : { scales: 'u32', blocks: 'f32', map: 'f32' }),
    ...(offsets && { offsets: 'f32' }),
    ...(levels !== null && { levels: 'f32' }),
  };
}

/**
 * `fn bitsAt(row: u32, column: u32) -> u32`. A device may fuse a product with the sum that it goes into, and round once: it cannot
 * where the product's bits are changed between, by a number that is always zero.
 */
export function groupedDecode({ levels, map, offsets }: GroupedForm): string {
  return `
fn apart(product: f32) -> f32 { return bitcast<f32>(bitcast<u32>(product) | (p.length >> 31)); }
fn scaleOf(group: u32) -> f32 {
  ${
    map !== null
      ? `let code = (scales[group / 4] >> (8 * (group & 3))) & 255;
  return apart(map[code] * blocks[1 + group / 256]) + blocks[0];`
      : 'return scales[group];'
  }
}
fn bitsAt(row: u32, column: u32) -> u32 {
  let group = row * p.groups + column / p.length;
  ${
    levels === null
      ? `let word = bitcast<i32>(codes[row * p.stride + column / 4]);
  let level = f32((word << (24 - 8 * (column & 3))) >> 24);`
      : `let word = codes[row * p.stride + column / 8];
  let level = levels[(word >> (4 * ((column & 7) ^ 1))) & 15];`
  }
  return bitcast<u32>(${offsets ? 'apart(level * scaleOf(group)) + offsets[group]' : 'level * scaleOf(group)'});
}`;
}
