// Rotary embedding in native ops: x · [cos, cos] + roll(x, f) · [-sin, sin], which neither splits nor joins x.
import { type Form, type Kernel, kernel, type RopeInputs, rope } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { fitsJavaScript, tensorOf, valuesOf } from '../in-javascript.ts';
import { type Raw, raw, run } from '../native.ts';
import { add, concat, mul, reshape, roll, scale } from '../native-math.ts';

const SMALL = 16384;

function smallRotate(x: Tensor, cos: Tensor, sin: Tensor, direction: 1 | -1): Tensor {
  const [, t, h, width] = x.shape as [number, number, number, number];
  const f = width / 2;
  const [xs, cs, ss] = [x, cos, sin].map(valuesOf) as [Float32Array, Float32Array, Float32Array];
  const out = new Float32Array(xs.length);
  const rows = cos.shape[0] === 1 ? t : xs.length / (h * width);
  for (let head = 0; head < xs.length / width; head++) {
    const angles = (Math.floor(head / h) % rows) * f;
    for (let j = 0, at = head * width; j < f; j++, at++) {
      const [u, v] = [xs[at] as number, xs[at + f] as number];
      const [c, s] = [cs[angles + j] as number, direction * (ss[angles + j] as number)];
      out[at] = u * c - v * s;
      out[at + f] = v * c + u * s;
    }
  }
  return tensorOf(out, x.shape);
}

function rotate(x: Tensor, cos: Tensor, sin: Tensor, direction: 1 | -1): Tensor {
  if (fitsJavaScript(x.size, SMALL)) return smallRotate(x, cos, sin, direction);
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
