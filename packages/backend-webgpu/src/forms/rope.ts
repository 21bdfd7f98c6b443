// Rope: a lane turns one pair.
import { type Form, type Kernel, kernel, type RopeInputs, rope } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';

const LANES = 256;

const turn = {
  name: 'rope',
  reads: { x: 'f32', cosines: 'f32', sines: 'f32' },
  writes: { y: 'f32' },
  numbers: { pairs: 'u32', f: 'u32', heads: 'u32', table: 'u32', sign: 'f32' },
  body: `${entry(LANES)} {
  let pair = groupIndex(group, groups) * ${LANES} + lane;
  if (pair >= p.pairs) { return; }
  let head = pair / p.f;
  let j = pair % p.f;
  let at = head * 2 * p.f + j;
  let angle = head / p.heads * p.f % p.table + j;
  let c = cosines[angle];
  let s = sines[angle] * p.sign;
  let u = x[at];
  let v = x[at + p.f];
  y[at] = u * c - v * s;
  y[at + p.f] = v * c + u * s;
}`,
} as const satisfies Shader;

export function ropeKernel(r: Runtime): Kernel {
  const rotate = (x: Tensor, cosines: Tensor, sines: Tensor, sign: number): Tensor => {
    const [, , heads, width] = x.shape as [number, number, number, number];
    const y = r.tensor(x.shape);
    const pairs = x.size / 2;
    const numbers = { pairs, f: width / 2, heads, table: cosines.size, sign };
    r.run(turn, { x, cosines, sines, y }, numbers, Math.ceil(pairs / LANES));
    return y;
  };
  const form: Form<RopeInputs, object> = {
    forward: ({ x, cos, sin }) => ({ out: rotate(x, cos, sin, 1), saved: [cos, sin] }),
    grad: (dy, saved) => ({ x: () => rotate(dy, saved[0] as Tensor, saved[1] as Tensor, -1) }),
  };
  return kernel(rope, form);
}
