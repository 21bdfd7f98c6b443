// The logistic function without an exponential that overflows.

/** WGSL: `sigmoid(v)`. */
export const sigmoid: string = `
fn sigmoid(v: f32) -> f32 {
  let e = exp(-abs(v));
  return select(e, 1.0, v >= 0.0) / (1.0 + e);
}`;
