// Rotary position embedding: each pair (x_j, x_{j+f}) turned by the angle of its position, or back.
import { ROPE } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';

/**
 * `x` and `out` [rows, h, 2 f]; `cos` and `sin` [angles, f], row r using angles of row r modulo `angles`.
 * @param sign 1 turns forward, -1 back
 */
export function rope(x: usize, cos: usize, sin: usize, out: usize, rows: i32, angles: i32, h: i32, f: i32, sign: f32): void {
  setArg<usize>(0, x);
  setArg<usize>(1, cos);
  setArg<usize>(2, sin);
  setArg<usize>(3, out);
  setArg<i32>(4, rows);
  setArg<i32>(5, angles);
  setArg<i32>(6, h);
  setArg<i32>(7, f);
  setArg<f32>(8, sign);
  parallel(ROPE, chunksFor(rows, <f64>(h * f * 2), 16384));
}

export function ropeChunk(chunk: i32): void {
  const rows = arg<i32>(4);
  const angles = arg<i32>(5);
  const h = arg<i32>(6);
  const half: usize = arg<i32>(7) << 2;
  const sign = arg<f32>(8);
  const signs = f32x4.splat(sign);
  const chunks = chunkCount();
  const whole = half & ~15;
  for (let r = startOf(chunk, chunks, rows); r < startOf(chunk + 1, chunks, rows); r++) {
    const cos = arg<usize>(1) + (r % angles) * half;
    const sin = arg<usize>(2) + (r % angles) * half;
    for (let i = 0; i < h; i++) {
      const offset = (r * h + i) * 2 * half;
      const u = arg<usize>(0) + offset;
      const v = u + half;
      const p = arg<usize>(3) + offset;
      const q = p + half;
      for (let o: usize = 0; o < whole; o += 16) {
        const a = v128.load(u + o);
        const b = v128.load(v + o);
        const c = v128.load(cos + o);
        const s = f32x4.mul(v128.load(sin + o), signs);
        v128.store(p + o, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
        v128.store(q + o, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
      }
      for (let o = whole; o < half; o += 4) {
        const a = load<f32>(u + o);
        const b = load<f32>(v + o);
        const c = load<f32>(cos + o);
        const s = load<f32>(sin + o) * sign;
        store<f32>(p + o, a * c - b * s);
        store<f32>(q + o, b * c + a * s);
      }
    }
  }
}
