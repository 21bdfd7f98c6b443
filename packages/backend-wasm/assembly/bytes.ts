// Bytes moved and set.
export function copy(to: usize, from: usize, bytes: i32): void {
  memory.copy(to, from, bytes);
}

export function fill(at: usize, byte: u8, bytes: i32): void {
  memory.fill(at, byte, bytes);
}
