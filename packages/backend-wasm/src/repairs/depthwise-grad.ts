// The gradients of depthwise convolution, which tfjs lacks: each channel meets filters of its own.
import { forEachTap, type Windows, windowsOf } from '@peftjs/backend';
import { backend_util, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

interface DepthwiseAttrs {
  readonly strides: number | [number, number];
  readonly dilations: number | [number, number] | null;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type Shape = [number, number, number, number];

function windows(shape: readonly number[], filter: readonly number[], dy: TensorInfo, attrs: unknown): Windows {
  const { strides, dilations, pad, dimRoundingMode } = attrs as DepthwiseAttrs;
  const info = backend_util.computeConv2DInfo(
    shape as Shape,
    filter as Shape,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
  return windowsOf(info, dy.shape);
}

/** dx[pixel, c] = sum over taps and m of dy[window, c, m] filter[tap, c, m] */
export function depthwiseInputKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape } = attrs as unknown as { inputShape: number[] };
    const [channels, each] = filter.shape.slice(2) as [number, number];
    const out = r.output(inputShape);
    const [d, f, dx] = [r.floats(dy), r.floats(filter), r.floats(out)];
    dx.fill(0);
    const n = channels * each;
    forEachTap(windows(inputShape, filter.shape, dy, attrs), (pixel, window, tap) => {
      for (let j = 0; j < n; j++) {
        const at = pixel * channels + ((j / each) | 0);
        dx[at] = (dx[at] as number) + (d[window * n + j] as number) * (f[tap * n + j] as number);
      }
    });
    return out;
  };
}

/** dfilter[tap, c, m] = sum over windows of x[pixel, c] dy[window, c, m] */
export function depthwiseFilterKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape } = attrs as unknown as { filterShape: number[] };
    const [channels, each] = filterShape.slice(2) as [number, number];
    const n = channels * each;
    // In double precision: one weight may meet a hundred thousand pixels.
    const sums = new Float64Array(filterShape.reduce((a, b) => a * b, 1));
    const out = r.output(filterShape);
    const [pixels, d] = [r.floats(x), r.floats(dy)];
    forEachTap(windows(x.shape, filterShape, dy, attrs), (pixel, window, tap) => {
      for (let j = 0; j < n; j++) {
        const at = tap * n + j;
        const value = pixels[pixel * channels + ((j / each) | 0)] as number;
        sums[at] = (sums[at] as number) + value * (d[window * n + j] as number);
      }
    });
    r.floats(out).set(sums);
    return out;
  };
}
