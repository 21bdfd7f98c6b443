// A function of each element.
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';

const LANES = 256;

/** A shader of the body of `fn f(v: f32) -> f32`, with functions that it calls before it. */
export function elementwise(name: string, body: string, functions = ''): Shader<'x', 'y', 'size'> {
  return {
    name,
    reads: { x: 'f32' },
    writes: { y: 'f32' },
    numbers: { size: 'u32' },
    body: `${functions}
fn f(v: f32) -> f32 { ${body} }
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i < p.size) { y[i] = f(x[i]); }
}`,
  };
}

export function runElementwise(r: Runtime, shader: Shader<'x', 'y', 'size'>, x: TensorInfo): TensorInfo {
  const y = r.output(x.shape);
  const size = x.shape.reduce((product, n) => product * n, 1);
  r.run(shader, { x, y }, { size }, Math.ceil(size / LANES));
  return y;
}
