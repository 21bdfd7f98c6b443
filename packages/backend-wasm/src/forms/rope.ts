// Rope on our kernels.
import { type Form, type Kernel, kernel, type RopeInputs, rope } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function ropeKernel(r: Runtime): Kernel {
  const turn = (x: Tensor, cos: Tensor, sin: Tensor, sign: 1 | -1): Tensor => {
    const [b, t, h, width] = x.shape as [number, number, number, number];
    const out = r.tensor(x.shape);
    const angles = (cos.shape[0] as number) * t;
    r.run.rope(r.at(x), r.at(cos), r.at(sin), r.at(out), b * t, angles, h, width / 2, sign);
    return out;
  };
  const form: Form<RopeInputs, object> = {
    forward: ({ x, cos, sin }) => ({ out: turn(x, cos, sin, 1), saved: [cos, sin] }),
    grad: (dy, saved) => ({ x: () => turn(dy, saved[0] as Tensor, saved[1] as Tensor, -1) }),
  };
  return kernel(rope, form);
}
