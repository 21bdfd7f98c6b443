// Bytes moved and set.
export function copy(to: usize, from: usize, bytes: i32): void {
  memory.copy(to, from, bytes);
}

export function fill(at: usize, byte: u8, bytes: i32): void {
  memory.fill(at, byte, bytes);
}

/** `rows` pieces of `bytes`, so many bytes apart where they come from and where they go. */
export function copyRows(to: usize, toStride: i32, from: usize, fromStride: i32, rows: i32, bytes: i32): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(to, from, bytes);
    to += toStride;
    from += fromStride;
  }
}

/** Each of `blocks` pieces of `bytes`, `times` times in a row. */
export function repeat(to: usize, from: usize, blocks: i32, bytes: i32, times: i32): void {
  for (let b = 0; b < blocks; b++) {
    if (bytes == 4) {
      const x = v128.load32_splat(from);
      let i = 0;
      for (; i + 4 <= times; i += 4) v128.store(to + (i << 2), x);
      for (; i < times; i++) store<u32>(to + (i << 2), load<u32>(from));
    } else {
      for (let i = 0; i < times; i++) memory.copy(to + i * bytes, from, bytes);
    }
    from += bytes;
    to += times * bytes;
  }
}
