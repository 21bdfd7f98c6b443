// MaxPool3D and the gradients of maxPool in two and three dimensions. Those of tfjs start from a maximum of about 0: of a
// window of negative numbers the value is wrong and the gradient lost.
import { maxima, type PoolAttrs, poolWindows, type Windows } from '@peftjs/backend';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

/** Where in `x` the maximum of each window lies, -1 where nothing of it is inside. */
function places(r: Runtime, x: TensorInfo, windows: Windows): Int32Array {
  return maxima(r.floats(x), windows, x.shape.at(-1) as number);
}

export function maxPool3dKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    const windows = poolWindows(x.shape, attrs as unknown as PoolAttrs);
    const [b, ...rest] = [windows.batch, ...windows.axes.map((axis) => axis.windows)];
    const out = r.output([b, ...rest, x.shape.at(-1) as number]);
    const [from, to] = [r.floats(x), r.floats(out)];
    for (const [i, place] of places(r, x, windows).entries()) to[i] = place < 0 ? 0 : (from[place] as number);
    return out;
  };
}

/** MaxPoolGrad and MaxPool3DGrad. */
export function maxPoolGradKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const windows = poolWindows(input.shape, attrs as unknown as PoolAttrs, dy.shape);
    const out = r.output(input.shape);
    const [d, dx] = [r.floats(dy), r.floats(out)];
    dx.fill(0);
    for (const [i, place] of places(r, input, windows).entries()) {
      if (place >= 0) dx[place] = (dx[place] as number) + (d[i] as number);
    }
    return out;
  };
}
