/** Of rows whose numbers of float64 are behind one another, up to a whole four of them. */
export function dot(a: usize, b: usize, count: usize): f64 {
  let even = f64x2.splat(0), odd = even;
  for (let i: usize = 0; i < count << 3; i += 32) {
    even = f64x2.add(even, f64x2.mul(v128.load(a + i), v128.load(b + i)));
    odd = f64x2.add(odd, f64x2.mul(v128.load(a + i, 16), v128.load(b + i, 16)));
  }
  even = f64x2.add(even, odd);
  return f64x2.extract_lane(even, 0) + f64x2.extract_lane(even, 1);
}
