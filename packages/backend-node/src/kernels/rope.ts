// Rotary embedding in native ops: x · [cos, cos] + roll(x, f) · [-sin, sin], which neither splits nor joins x.
import { type Form, type Kernel, kernel, type RopeInputs, rope } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Raw, raw, run } from '../native.ts';
import { add, concat, mul, reshape, roll, scale } from '../native-math.ts';

function rotate(x: Tensor, cos: Tensor, sin: Tensor, direction: 1 | -1): Tensor {
  const [n, t, f] = cos.shape as [number, number, number];
  const wide = (left: Raw, right: Raw) => reshape(concat(left, right, 2), [n, t, 1, 2 * f]);
  return run(() => {
    const input = raw(x);
    const c = raw(cos);
    const s = scale(raw(sin), direction);
    return [add(mul(input, wide(c, c)), mul(roll(input, f), wide(scale(s, -1), s)))];
  })[0];
}

const form: Form<RopeInputs, object> = {
  forward: ({ x, cos, sin }) => ({ out: rotate(x, cos, sin, 1), saved: [cos, sin] }),
  grad: (dy, saved) => ({ x: () => rotate(dy, saved[0] as Tensor, saved[1] as Tensor, -1) }),
};

export const ropeKernel: Kernel = kernel(rope, form);
