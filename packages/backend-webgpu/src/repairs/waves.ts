// Sine and cosine to float32's precision: a device's own may be wrong by 2^-11 (the standard allows it), and by more far
// from zero. The argument is reduced by π/2 in three parts (Cody and Waite), the rest is a polynomial (Cephes).
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import type { Shader } from '../shader.ts';
import { elementwise, runElementwise } from '../wgsl/elementwise.ts';

const FUNCTIONS = `
fn wave(v: f32, quarter: i32) -> f32 {
  let n = round(v * 0.63661977236758);
  var t = fma(n, -1.5703125, v);
  t = fma(n, -4.837512969970703125e-4, t);
  t = fma(n, -7.54978995489188e-8, t);
  let z = t * t;
  let sine = t + t * z * (-1.6666654611e-1 + z * (8.3321608736e-3 - z * 1.9515295891e-4));
  let cosine = 1.0 - 0.5 * z + z * z * (4.166664568298827e-2 + z * (-1.388731625493765e-3 + z * 2.443315711809948e-5));
  let turn = (i32(n) + quarter) & 3;
  let value = select(sine, cosine, (turn & 1) == 1);
  return select(value, -value, turn >= 2);
}`;

const SHADERS: Readonly<Record<'sin' | 'cos', Shader<'x', 'y', 'size'>>> = {
  sin: elementwise('sin', 'return wave(v, 0);', FUNCTIONS),
  cos: elementwise('cos', 'return wave(v, 1);', FUNCTIONS),
};

export function waveKernel(r: Runtime, wave: 'sin' | 'cos'): KernelFunc {
  return ({ inputs }) => runElementwise(r, SHADERS[wave], inputs.x as TensorInfo);
}
