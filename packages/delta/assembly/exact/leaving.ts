// Which numbers leave their octave: what undoing has to be told.
import { ENDS, LISTS, NEXT, OCTAVES, STAYED } from './layout';

/** The octave of a number of so many bits below the sign. */
// @ts-ignore: decorator
@inline
function octaveOf(size: u32, mantissa: u32, floor: i32): i32 {
  return max(<i32>(size >> mantissa) - floor, 0);
}

/**
 * How near a number is to an end of its octave, beside what its block changes, in steps of half a power of two, 1 to 11; below 0
 * where that is the lower end. The octave of everything up to the floor has an end above only.
 */
function nearness(size: u32, octave: i32, mantissa: u32, floor: i32, level: i32): i32 {
  const octaveSize: u32 = 1 << mantissa;
  const within = octave == 0 ? size - (<u32>floor << mantissa) : size & (octaveSize - 1);
  const above = octaveSize - within;
  const isBelow = octave != 0 && within + 1 < above;
  const distance = 31 - <i32>clz(isBelow ? within + 1 : above);
  const near = max(1, min(LISTS - 1, level - 2 * (octave + distance)));
  return isBelow ? -near : near;
}

// @ts-ignore: decorator
@inline
function sizeAt(wide: bool, words: usize, i: usize, below: u32): u32 {
  return (wide ? load<u32>(words + (i << 2)) : load<u16>(words + (i << 1))) & below;
}

/**
 * Of a block's numbers those that have left their octave: three words for each, its list, how many of that stayed before, and how
 * many octaves it came down or up. Returns where they end. @param level above that of a change by 1, and half as many as there are lists
 */
export function leave(
  wide: bool, from: usize, to: usize, count: usize, below: u32, mantissa: u32, floor: i32, level: i32, out: usize,
): usize {
  for (let i: usize = 0; i < count; i++) {
    const size = sizeAt(wide, to, i, below);
    const now = octaveOf(size, mantissa, floor);
    const near = nearness(size, now, mantissa, floor, level);
    const list = abs(near);
    const stayed = STAYED + (list << 2);
    let step = octaveOf(sizeAt(wide, from, i, below), mantissa, floor) - now;
    if (step == 0) {
      store<u32>(stayed, load<u32>(stayed) + 1);
      continue;
    }
    if (near > 0) step = -step;
    store<u32>(out, list);
    store<u32>(out, load<u32>(stayed), 4);
    store<u32>(out, (step << 1) ^ (step >> 31), 8);
    store<u32>(stayed, 0);
    out += 12;
  }
  return out;
}

/** The block of octaves that a block's numbers have left, by pairs for each list: how many stay before one that leaves, and how far. */
export function enter(wide: bool, to: usize, count: usize, below: u32, mantissa: u32, floor: i32, level: i32): void {
  for (let i: usize = 0; i < count; i++) {
    const size = sizeAt(wide, to, i, below);
    let octave = octaveOf(size, mantissa, floor);
    const near = nearness(size, octave, mantissa, floor, level);
    const list = abs(near) << 2;
    const stay = load<u32>(STAYED + list);
    if (stay > 0) store<u32>(STAYED + list, stay - 1);
    else {
      const at = load<u32>(NEXT + list);
      const value = load<u32>(at, 4);
      const step = <i32>(value >> 1) ^ -<i32>(value & 1);
      octave += near < 0 ? step : -step;
      store<u32>(NEXT + list, at + 8);
      store<u32>(STAYED + list, at + 8 < load<u32>(ENDS + list) ? load<u32>(at, 8) : u32.MAX_VALUE);
    }
    store<u8>(i, <u8>octave, OCTAVES);
  }
}
