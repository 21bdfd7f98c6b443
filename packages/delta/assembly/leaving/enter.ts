// The octaves that numbers have left.
import { BLOCK, ENDS, NEXT, STAYED } from './layout';
import { nearness, octaveOf, octavesOf, setLevel, sixteenFar, sixteenOf, sizeAt, sizesAt } from './nearness';

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
      const all = sixteenOf(i, end);
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
