// Packing: a strip of R rows of a strided matrix laid out so that the inner loop of a product reads it front to back.

/**
 * Writes element (r, k) of a strip to `to[k R + r]`, for R = 6 or 8.
 * @param rs bytes from one row to the next
 * @param cs bytes from one k to the next
 * @param rows how many of the R rows there are; zeros stand for the others
 * @param depth how many k; where it is odd, one k of zeros more is written
 */
export function packStrip(R: i32, from: usize, rs: usize, cs: usize, to: usize, rows: i32, depth: i32): void {
  if (rows < R) packPart(R, from, rs, cs, to, rows, depth);
  else if (cs == 4) packAcross(R, from, rs, to, depth);
  else if (rs == 4) packAlong(R, from, cs, to, depth);
  else packPart(R, from, rs, cs, to, rows, depth);
  if (depth & 1) memory.fill(to + ((depth * R) << 2), 0, R << 2);
}

/** Any strides, any number of rows. */
function packPart(R: i32, from: usize, rs: usize, cs: usize, to: usize, rows: i32, depth: i32): void {
  for (let k = 0; k < depth; k++) {
    let p = from;
    for (let r = 0; r < rows; r++) {
      store<f32>(to + (r << 2), load<f32>(p));
      p += rs;
    }
    for (let r = rows; r < R; r++) store<f32>(to + (r << 2), 0);
    to += R << 2;
    from += cs;
  }
}

/** The rows of the strip lie side by side: copies. */
function packAlong(R: i32, from: usize, cs: usize, to: usize, depth: i32): void {
  for (let k = 0; k < depth; k++) {
    v128.store(to, v128.load(from));
    if (R == 8) v128.store(to, v128.load(from, 16), 16);
    else store<u64>(to, load<u64>(from, 16), 16);
    to += R << 2;
    from += cs;
  }
}

/** Each row lies along k: transposes of 4 x 4. */
function packAcross(R: i32, from: usize, rs: usize, to: usize, depth: i32): void {
  fourRows(R, from, rs, to, depth);
  if (R == 8) fourRows(R, from + 4 * rs, rs, to + 16, depth);
  else twoRows(R, from + 4 * rs, rs, to + 16, depth);
}

function fourRows(R: i32, from: usize, rs: usize, to: usize, depth: i32): void {
  const step: usize = R << 2;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    const a = v128.load(from);
    const b = v128.load(from + rs);
    const c = v128.load(from + 2 * rs);
    const d = v128.load(from + 3 * rs);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const AB = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const CD = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
    v128.store(to + step, i64x2.shuffle(ab, cd, 1, 3));
    v128.store(to + 2 * step, i64x2.shuffle(AB, CD, 0, 2));
    v128.store(to + 3 * step, i64x2.shuffle(AB, CD, 1, 3));
    from += 16;
    to += 4 * step;
  }
  for (; k < depth; k++) {
    store<f32>(to, load<f32>(from));
    store<f32>(to, load<f32>(from + rs), 4);
    store<f32>(to, load<f32>(from + 2 * rs), 8);
    store<f32>(to, load<f32>(from + 3 * rs), 12);
    from += 4;
    to += step;
  }
}

function twoRows(R: i32, from: usize, rs: usize, to: usize, depth: i32): void {
  const step: usize = R << 2;
  for (let k = 0; k < depth; k++) {
    store<f32>(to, load<f32>(from));
    store<f32>(to, load<f32>(from + rs), 4);
    from += 4;
    to += step;
  }
}
