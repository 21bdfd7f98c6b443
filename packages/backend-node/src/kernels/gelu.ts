// GELU in native ops: by erf, or by the sigmoid that the tanh form is.
import { type Form, type GeluAttrs, type GeluInputs, gelu, type Kernel, kernel } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { float, type Raw, raw, run } from '../native.ts';
import { add, erf, exp, mul, scale, sigmoid, sigmoidGrad, square } from '../native-math.ts';

/** sqrt(2 / pi), and the factor of x³ in the argument of tanh. */
const ROOT = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

/** Twice P(X < x). */
const twiceBelow = (x: Raw) => add(erf(scale(x, Math.SQRT1_2)), float(1));
/** Twice the argument of tanh over x, and the same with other factors for its derivative. */
const slope = (squared: Raw, cube: number) => add(scale(squared, 2 * ROOT * cube), float(2 * ROOT));

const form: Form<GeluInputs, GeluAttrs> = {
  forward({ x }, { exact }) {
    const [out] = run(() => {
      const input = raw(x);
      if (exact) return [mul(scale(input, 0.5), twiceBelow(input))];
      return [mul(input, sigmoid(mul(input, slope(square(input), CUBE))))];
    });
    return { out, saved: [x] };
  },
  grad(dy, saved, { exact }) {
    const [x] = saved as [Tensor];
    return {
      x: () =>
        run(() => {
          const [d, input] = [raw(dy), raw(x)];
          const squared = square(input);
          if (exact) {
            const density = scale(exp(scale(squared, -0.5)), ROOT);
            return [mul(scale(d, 0.5), add(twiceBelow(input), mul(input, density)))];
          }
          const p = sigmoid(mul(input, slope(squared, CUBE)));
          return [add(mul(d, p), mul(sigmoidGrad(p, mul(d, input)), slope(squared, 3 * CUBE)))];
        })[0],
    };
  },
};

export const geluKernel: Kernel = kernel(gelu, form);
