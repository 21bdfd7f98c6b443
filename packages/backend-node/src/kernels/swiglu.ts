// SwiGLU in native ops: one sigmoid in the backward pass, where the reference computes it for each input.
import { type Form, type Kernel, kernel, type SwigluInputs, swiglu } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { tensorOf, valuesHere } from '../in-javascript.ts';
import { raw, run } from '../native.ts';
import { add, mul, sigmoid, sigmoidGrad } from '../native-math.ts';

const SMALL = 4096;

function smallSwiglu({ gate, up }: SwigluInputs): Tensor | null {
  const [gs, us] = [valuesHere(gate, SMALL), valuesHere(up, SMALL)];
  if (gs === null || us === null) return null;
  const out = new Float32Array(gs.length);
  for (let i = 0; i < out.length; i++)
    out[i] = ((gs[i] as number) / (1 + Math.exp(-(gs[i] as number)))) * (us[i] as number);
  return tensorOf(out, gate.shape);
}

const form: Form<SwigluInputs, object> = {
  forward({ gate, up }) {
    const native = () => {
      const g = raw(gate);
      return [mul(mul(g, sigmoid(g)), raw(up))] as const;
    };
    return { out: smallSwiglu({ gate, up }) ?? run(native)[0], saved: [gate, up] };
  },
  grad(dy, saved) {
    const [gate, up] = saved as [Tensor, Tensor];
    let kept: Tensor | undefined;
    const sigmoidOfGate = () => (kept ??= run(() => [sigmoid(raw(gate))])[0]);
    return {
      gate: () =>
        run(() => {
          const s = raw(sigmoidOfGate());
          const dz = mul(raw(dy), raw(up));
          return [add(mul(dz, s), sigmoidGrad(s, mul(dz, raw(gate))))];
        })[0],
      up: () => run(() => [mul(raw(dy), mul(raw(gate), raw(sigmoidOfGate())))])[0],
    };
  },
};

export const swigluKernel: Kernel = kernel(swiglu, form);
