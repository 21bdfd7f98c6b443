// Products of matrices of a change with its vectors.

// @ts-ignore: decorator
@inline
function add(sums: v128, a: v128, b: v128): v128 {
  return f32x4.add(sums, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
function total(sums: v128): f32 {
  return f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) +
    (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
}

/** out [q, p] = x [q, i] times d [p, i] turned; rows of `out` are `apart`. */
export function products(
  d: usize, p: usize, x: usize, q: usize, columns: usize, stride: usize, out: usize, apart: usize,
): void {
  const row = stride << 2;
  const end = columns << 2;
  for (let k: usize = 0; k < q; k += 4, x += row << 2, out += apart << 4) {
    const x1 = x + row, x2 = x1 + row, x3 = x2 + row;
    const out1 = out + (apart << 2), out2 = out1 + (apart << 2), out3 = out2 + (apart << 2);
    for (let j: usize = 0; j < p; j += 2) {
      const d0 = d + j * row, d1 = d0 + row;
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
      for (let i: usize = 0; i < end; i += 16) {
        const a = v128.load(d0 + i), b = v128.load(d1 + i);
        let one = v128.load(x + i);
        a0 = add(a0, a, one);
        b0 = add(b0, b, one);
        one = v128.load(x1 + i);
        a1 = add(a1, a, one);
        b1 = add(b1, b, one);
        one = v128.load(x2 + i);
        a2 = add(a2, a, one);
        b2 = add(b2, b, one);
        one = v128.load(x3 + i);
        a3 = add(a3, a, one);
        b3 = add(b3, b, one);
      }
      const at = j << 2;
      store<f32>(out + at, total(a0));
      store<f32>(out + at, total(b0), 4);
      store<f32>(out1 + at, total(a1));
      store<f32>(out1 + at, total(b1), 4);
      store<f32>(out2 + at, total(a2));
      store<f32>(out2 + at, total(b2), 4);
      store<f32>(out3 + at, total(a3));
      store<f32>(out3 + at, total(b3), 4);
    }
  }
}

/**
 * out [p, i] = m [p, q] times x [q, i], or, where it `adds`, as much more. Rows of m are `apart`. Sums run over q from the first on, each
 * product and each sum rounded to float32: the same everywhere.
 */
export function multiply(
  m: usize, p: usize, q: usize, apart: usize, x: usize, columns: usize, stride: usize, out: usize, adds: bool,
): void {
  const row = stride << 2;
  for (let i: usize = 0; i < columns << 2; i += 64) {
    for (let j: usize = 0; j < p; j += 2) {
      const m0 = m + ((j * apart) << 2), m1 = m0 + (apart << 2);
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
      let at = x + i;
      for (let k: usize = 0; k < q << 2; k += 4, at += row) {
        const a = v128.load32_splat(m0 + k), b = v128.load32_splat(m1 + k);
        let one = v128.load(at);
        a0 = add(a0, a, one);
        b0 = add(b0, b, one);
        one = v128.load(at, 16);
        a1 = add(a1, a, one);
        b1 = add(b1, b, one);
        one = v128.load(at, 32);
        a2 = add(a2, a, one);
        b2 = add(b2, b, one);
        one = v128.load(at, 48);
        a3 = add(a3, a, one);
        b3 = add(b3, b, one);
      }
      const o0 = out + j * row + i, o1 = o0 + row;
      if (adds) {
        a0 = f32x4.add(a0, v128.load(o0));
        a1 = f32x4.add(a1, v128.load(o0, 16));
        a2 = f32x4.add(a2, v128.load(o0, 32));
        a3 = f32x4.add(a3, v128.load(o0, 48));
        b0 = f32x4.add(b0, v128.load(o1));
        b1 = f32x4.add(b1, v128.load(o1, 16));
        b2 = f32x4.add(b2, v128.load(o1, 32));
        b3 = f32x4.add(b3, v128.load(o1, 48));
      }
      v128.store(o0, a0);
      v128.store(o0, a1, 16);
      v128.store(o0, a2, 32);
      v128.store(o0, a3, 48);
      v128.store(o1, b0);
      v128.store(o1, b1, 16);
      v128.store(o1, b2, 32);
      v128.store(o1, b3, 48);
    }
  }
}

// @ts-ignore: decorator
@inline
function pair(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

// @ts-ignore: decorator
@inline
function addTo(out: usize, sums: v128): void {
  store<f64>(out, load<f64>(out) + f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1));
}

/** Adds to out [q, q], of float64, the lower half of x [q, i] times itself turned. */
export function gram(x: usize, q: usize, columns: usize, stride: usize, out: usize): void {
  const row = stride << 2;
  for (let k: usize = 0; k < q; k += 2) {
    const x0 = x + k * row, x1 = x0 + row;
    for (let j: usize = 0; j <= k; j += 2) {
      const y0 = x + j * row, y1 = y0 + row;
      let a = f64x2.splat(0), b = a, c = a, d = a;
      for (let i: usize = 0; i < columns << 2; i += 8) {
        const e = pair(x0 + i), f = pair(x1 + i), g = pair(y0 + i), h = pair(y1 + i);
        a = f64x2.add(a, f64x2.mul(e, g));
        b = f64x2.add(b, f64x2.mul(e, h));
        c = f64x2.add(c, f64x2.mul(f, g));
        d = f64x2.add(d, f64x2.mul(f, h));
      }
      const at = out + ((k * q + j) << 3), below = at + (q << 3);
      addTo(at, a);
      addTo(at + 8, b);
      addTo(below, c);
      addTo(below + 8, d);
    }
  }
}

/** Adds rows of d [p, i] to rows of out [q, i], one after the other and with signs as a coin falls; `first` is the first one's index. */
export function fold(d: usize, p: usize, first: u32, q: u32, columns: usize, stride: usize, out: usize): void {
  const row = stride << 2;
  for (let j: u32 = 0; j < <u32>p; j++, d += row) {
    // A hash's upper bit.
    let coin = (first + j + 1) * 0x9e3779b1;
    coin = (coin ^ (coin >> 15)) * 0x85ebca6b;
    const sign = v128.splat<i32>((coin ^ (coin >> 13)) * 0xc2b2ae35 & 0x80000000);
    const to = out + ((first + j) % q) * row;
    for (let i: usize = 0; i < columns << 2; i += 16)
      v128.store(to + i, f32x4.add(v128.load(to + i), v128.xor(v128.load(d + i), sign)));
  }
}
