// Which of a tensor's numbers leave their octave, from a base to a tuned one: what undoing an exact change has to be told. Numbers
// come in blocks, each with a level; memory behind the last one's end may be read.

/** Numbers of a block. */
const BLOCK: usize = 1024;
/** Lists of nearness. For each how many have stayed since one left, or stay before the next one leaves; and where that one stands. */
const LISTS: i32 = 12;
export const STAYED: usize = 0;
export const NEXT: usize = STAYED + 4 * LISTS;
export const ENDS: usize = NEXT + 4 * LISTS;
/** Of distances from which on numbers are far, the lower bytes and the higher ones. */
const FAR: usize = 256;
const OCTAVES_OF_FAR = 16;
/** From here on memory is the caller's. */
export const FREE: usize = 1024;

let below: u32, mantissa: i32, floor: i32;

/** How numbers lie in words. @param lowest the octave of all that is below it, too; there are some above it */
export function setForm(mask: u32, bits: i32, lowest: i32): void {
  below = mask;
  mantissa = bits;
  floor = lowest;
}

/** Of the block: its level above that of a change by 1, and half as many as there are lists. */
let level: i32;
/** A number is far from its octave's ends, of nearness 1, where the exponent of its distance and its octave add up to this. */
let far: i32;
/** The octave of the first distance in `FAR`. */
let first: i32;

function setLevel(value: i32): void {
  level = value;
  far = level >> 1;
  first = max(0, far - OCTAVES_OF_FAR + 1);
  for (let k = 0; k < OCTAVES_OF_FAR; k++) {
    const exponent = max(0, far - first - k);
    const least = exponent < 15 ? 1 << exponent : 0x7fff;
    store<u8>(FAR + k, <u8>least);
    store<u8>(FAR + k, <u8>(least >> 8), OCTAVES_OF_FAR);
  }
}

/** The octave of a number of so many bits below the sign. */
// @ts-ignore: decorator
@inline
function octaveOf(size: u32): i32 {
  return max(<i32>(size >> mantissa) - floor, 0);
}

/**
 * How near a number is to an end of its octave, beside what its block changes, in steps of half a power of two, 1 to 11; below 0
 * where that is the lower end. The octave of everything up to the floor has an end above only.
 */
function nearness(size: u32, octave: i32): i32 {
  const octaveSize: u32 = 1 << mantissa;
  const within = octave == 0 ? size - (<u32>floor << mantissa) : size & (octaveSize - 1);
  const toAbove = octaveSize - within;
  const isBelow = octave != 0 && within + 1 < toAbove;
  const distance = 31 - <i32>clz(isBelow ? within + 1 : toAbove);
  const near = max(1, min(LISTS - 1, level - 2 * (octave + distance)));
  return isBelow ? -near : near;
}

// @ts-ignore: decorator
@inline
function sizeAt<T>(words: usize, i: usize): u32 {
  return <u32>load<T>(words + i * sizeof<T>()) & below;
}

// @ts-ignore: decorator
@inline
function sizesAt<T>(words: usize): v128 {
  return v128.and(v128.load(words), v128.splat<T>(<T>below));
}

// @ts-ignore: decorator
@inline
function octavesOf<T>(sizes: v128): v128 {
  return v128.max<T>(v128.sub<T>(v128.shr<T>(sizes, mantissa), v128.splat<T>(<T>floor)), i64x2.splat(0));
}

/** Which of a vector's numbers have left their octave. */
// @ts-ignore: decorator
@inline
function left<T>(from: usize, to: usize): v128 {
  return v128.ne<T>(octavesOf<T>(sizesAt<T>(from)), octavesOf<T>(sizesAt<T>(to)));
}

/** Which of a vector's numbers are far from both ends of their octave. */
function isFar<T>(words: usize): v128 {
  const sizes = sizesAt<T>(words);
  const octaves = octavesOf<T>(sizes);
  const isLowest = v128.eq<T>(octaves, i64x2.splat(0));
  const overFloor = v128.sub<T>(sizes, v128.splat<T>(<T>(floor << mantissa)));
  const within = v128.bitselect(overFloor, v128.and(sizes, v128.splat<T>(<T>((<i32>1 << mantissa) - 1))), isLowest);
  const toAbove = v128.sub<T>(v128.splat<T>(<T>(<i32>1 << mantissa)), within);
  const toBelow = v128.add<T>(within, v128.splat<T>(1));
  const least = v128.bitselect(toBelow, toAbove, v128.andnot(v128.lt<T>(toBelow, toAbove), isLowest));
  if (sizeof<T>() == 2) {
    // A byte of 0 beyond the table: these are always far.
    const place = v128.max<T>(v128.sub<T>(octaves, v128.splat<T>(<T>first)), i64x2.splat(0));
    const low = v128.and(i8x16.swizzle(v128.load(FAR), place), v128.splat<T>(0xff));
    const high = v128.shl<T>(i8x16.swizzle(v128.load(FAR + OCTAVES_OF_FAR), place), 8);
    return v128.ge<T>(least, v128.or(low, high));
  }
  // Without the second of its bits, so that rounding does not raise the first.
  const float = f32x4.convert_i32x4_s(v128.andnot(least, i32x4.shr_u(least, 1)));
  const distance = i32x4.sub(i32x4.shr_u(float, 23), i32x4.splat(127));
  return v128.ge<T>(i32x4.add(octaves, distance), v128.splat<T>(<T>far));
}

/** A bit for each of 16 numbers. */
function sixteenLeft<T>(from: usize, to: usize): u32 {
  let low = left<T>(from, to);
  let high = left<T>(from + 16, to + 16);
  if (sizeof<T>() == 4) {
    low = i16x8.narrow_i32x4_s(low, high);
    high = i16x8.narrow_i32x4_s(left<T>(from + 32, to + 32), left<T>(from + 48, to + 48));
  }
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

function sixteenFar<T>(words: usize): u32 {
  let low = isFar<T>(words);
  let high = isFar<T>(words + 16);
  if (sizeof<T>() == 4) {
    low = i16x8.narrow_i32x4_s(low, high);
    high = i16x8.narrow_i32x4_s(isFar<T>(words + 32), isFar<T>(words + 48));
  }
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

// @ts-ignore: decorator
@inline
function leaveOf<T>(from: usize, to: usize, count: usize, levels: usize, middle: i32, out: usize): usize {
  memory.fill(STAYED, 0, 4 * LISTS);
  for (let begin: usize = 0; begin < count; begin += BLOCK, levels++) {
    if (load<u8>(levels) == 0) continue;
    setLevel(<i32>load<u8>(levels) - middle);
    const end = min(count, begin + BLOCK);
    for (let i = begin; i < end; i += 16) {
      const all: u32 = end - i < 16 ? (1 << <u32>(end - i)) - 1 : 0xffff;
      const at = i * sizeof<T>();
      const leaving = sixteenLeft<T>(from + at, to + at) & all;
      let stays = sixteenFar<T>(to + at) & all & ~leaving;
      for (let others = stays ^ all; others != 0; others &= others - 1) {
        const k = ctz(others);
        const size = sizeAt<T>(to, i + k);
        const now = octaveOf(size);
        const near = nearness(size, now);
        const stayed = STAYED + (<usize>abs(near) << 2);
        if (!((leaving >> k) & 1)) {
          store<u32>(stayed, load<u32>(stayed) + 1);
          continue;
        }
        const passed = abs(near) == 1 ? stays & ((1 << k) - 1) : 0;
        stays ^= passed;
        const down = octaveOf(sizeAt<T>(from, i + k)) - now;
        const step = near < 0 ? down : -down;
        store<u32>(out, <u32>abs(near));
        store<u32>(out, load<u32>(stayed) + popcnt(passed), 4);
        store<u32>(out, (step << 1) ^ (step >> 31), 8);
        store<u32>(stayed, 0);
        out += 12;
      }
      store<u32>(STAYED + 4, load<u32>(STAYED + 4) + popcnt(stays));
    }
  }
  return out;
}

/**
 * Those that have left their octave, of the blocks that have changed: three words for each, its list, how many of that stayed before,
 * and how many octaves it came down or up. Returns where they end. @param middle is taken off each level
 */
export function leave(
  wide: bool, from: usize, to: usize, count: usize, levels: usize, middle: i32, out: usize,
): usize {
  if (wide) return leaveOf<i32>(from, to, count, levels, middle, out);
  return leaveOf<i16>(from, to, count, levels, middle, out);
}

/** Moves a number that has left its octave, and notes how many stay before the next one of its list does. */
function goBack(octave: usize, near: i32): void {
  const list = <usize>abs(near) << 2;
  const at = load<u32>(NEXT + list);
  const value = load<u32>(at, 4);
  const step = <i32>(value >> 1) ^ -<i32>(value & 1);
  store<u8>(octave, <u8>(<i32>load<u8>(octave) + (near < 0 ? step : -step)));
  store<u32>(NEXT + list, at + 8);
  store<u32>(STAYED + list, at + 8 < load<u32>(ENDS + list) ? load<u32>(at, 8) : u32.MAX_VALUE);
}

function nearnessAt<T>(words: usize, i: usize): i32 {
  const size = sizeAt<T>(words, i);
  return nearness(size, octaveOf(size));
}

/** The octaves of 16 numbers, a byte for each. */
function sixteenOctaves<T>(words: usize): v128 {
  let low = octavesOf<T>(sizesAt<T>(words));
  let high = octavesOf<T>(sizesAt<T>(words + 16));
  if (sizeof<T>() == 4) {
    low = i16x8.narrow_i32x4_u(low, high);
    high = i16x8.narrow_i32x4_u(octavesOf<T>(sizesAt<T>(words + 32)), octavesOf<T>(sizesAt<T>(words + 48)));
  }
  return i8x16.narrow_i16x8_u(low, high);
}

// @ts-ignore: decorator
@inline
function enterOf<T>(to: usize, count: usize, levels: usize, middle: i32, octaves: usize): void {
  for (let begin: usize = 0; begin < count; begin += BLOCK, levels++) {
    if (load<u8>(levels) == 0) continue;
    setLevel(<i32>load<u8>(levels) - middle);
    const end = min(count, begin + BLOCK);
    for (let i = begin; i < end; i += 16) {
      const all: u32 = end - i < 16 ? (1 << <u32>(end - i)) - 1 : 0xffff;
      const at = to + i * sizeof<T>();
      v128.store(octaves + i, sixteenOctaves<T>(at));
      let stays = sixteenFar<T>(at) & all;
      for (let others = stays ^ all; others != 0; others &= others - 1) {
        const k = ctz(others);
        const near = nearnessAt<T>(to, i + k);
        const stayed = STAYED + (<usize>abs(near) << 2);
        const stay = load<u32>(stayed);
        if (stay > 0) store<u32>(stayed, stay - 1);
        else goBack(octaves + i + k, near);
      }
      let stay = load<u32>(STAYED + 4);
      while (stay < <u32>popcnt(stays)) {
        for (; stay > 0; stay--) stays &= stays - 1;
        const k = ctz(stays);
        stays &= stays - 1;
        goBack(octaves + i + k, nearnessAt<T>(to, i + k));
        stay = load<u32>(STAYED + 4);
      }
      store<u32>(STAYED + 4, stay - popcnt(stays));
    }
  }
}

/**
 * The octaves that numbers have left, of the blocks that have changed, by pairs for each list: how many stay before one that leaves,
 * and how far.
 */
export function enter(wide: bool, to: usize, count: usize, levels: usize, middle: i32, octaves: usize): void {
  if (wide) enterOf<i32>(to, count, levels, middle, octaves);
  else enterOf<i16>(to, count, levels, middle, octaves);
}
