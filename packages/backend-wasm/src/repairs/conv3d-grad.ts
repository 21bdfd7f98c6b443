// The gradients of conv3d. Those of tfjs are added to whatever was in memory.
import { forEachTap, type Windows, windowsOf } from '@peftjs/backend';
import { backend_util, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

type Shape = [number, number, number, number, number];

function windows(shape: readonly number[], filter: readonly number[], dy: TensorInfo, attrs: unknown): Windows {
  const { strides, pad } = attrs as { strides: number | [number, number, number]; pad: 'valid' | 'same' };
  return windowsOf(backend_util.computeConv3DInfo(shape as Shape, filter as Shape, strides, 1, pad), dy.shape);
}

/** dx[pixel, i] = sum over taps and o of dy[window, o] filter[tap, i, o] */
export function conv3dInputKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape } = attrs as unknown as { inputShape: number[] };
    const [ins, outs] = filter.shape.slice(3) as [number, number];
    const out = r.output(inputShape);
    const [d, f, dx] = [r.floats(dy), r.floats(filter), r.floats(out)];
    dx.fill(0);
    forEachTap(windows(inputShape, filter.shape, dy, attrs), (pixel, window, tap) => {
      for (let i = 0; i < ins; i++) {
        let sum = 0;
        for (let o = 0; o < outs; o++) {
          sum += (d[window * outs + o] as number) * (f[(tap * ins + i) * outs + o] as number);
        }
        dx[pixel * ins + i] = (dx[pixel * ins + i] as number) + sum;
      }
    });
    return out;
  };
}

/** dfilter[tap, i, o] = sum over windows of x[pixel, i] dy[window, o] */
export function conv3dFilterKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape } = attrs as unknown as { filterShape: number[] };
    const [ins, outs] = filterShape.slice(3) as [number, number];
    const sums = new Float64Array(filterShape.reduce((a, b) => a * b, 1));
    const out = r.output(filterShape);
    const [pixels, d] = [r.floats(x), r.floats(dy)];
    forEachTap(windows(x.shape, filterShape, dy, attrs), (pixel, window, tap) => {
      for (let i = 0; i < ins; i++) {
        const value = pixels[pixel * ins + i] as number;
        for (let o = 0; o < outs; o++) {
          const at = (tap * ins + i) * outs + o;
          sums[at] = (sums[at] as number) + value * (d[window * outs + o] as number);
        }
      }
    });
    r.floats(out).set(sums);
    return out;
  };
}
