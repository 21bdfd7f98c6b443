// Which numbers leave their octave.
import { BLOCK, LISTS, STAYED } from './layout';
import { nearness, octaveOf, setLevel, sixteenFar, sixteenLeft, sixteenOf, sizeAt } from './nearness';

// @ts-ignore: decorator
@inline
function leaveOf<T>(from: usize, to: usize, count: usize, levels: usize, middle: i32, out: usize): usize {
  memory.fill(STAYED, 0, 4 * LISTS);
  for (let begin: usize = 0; begin < count; begin += BLOCK, levels++) {
    if (load<u8>(levels) == 0) continue;
    setLevel(<i32>load<u8>(levels) - middle);
    const end = min(count, begin + BLOCK);
    for (let i = begin; i < end; i += 16) {
      const all = sixteenOf(i, end);
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
