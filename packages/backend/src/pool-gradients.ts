// The gradient of average pooling at the edges. A window there has fewer pixels, and the pooling divides by their number;
// tfjs's gradient divides by the size of the whole window.
import { type GradConfig, mul, slice, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { gradients } from './tfjs-gradients.gen.ts';
import { type PoolAttrs, poolWindows, type WindowAxis } from './windows.ts';

/** How many pixels each window has inside. */
function inside({ pixels, windows, taps, stride, before }: WindowAxis): number[] {
  return Array.from({ length: windows }, (_, i) => {
    const start = i * stride - before;
    return Math.max(0, Math.min(pixels, start + taps) - Math.max(0, start));
  });
}

/** The size of a window by the number of its pixels inside, [1, ...windows, 1]. */
function shares(axes: readonly WindowAxis[]): Tensor {
  let values = [1];
  for (const axis of axes) {
    const along = inside(axis).map((n) => (n === 0 ? 0 : axis.taps / n));
    values = values.flatMap((value) => along.map((share) => value * share));
  }
  return tensor(values, [1, ...axes.map(({ windows }) => windows), 1], 'float32');
}

/** On a picture with its padding around it no window lies outside, and tfjs's gradient is right. */
function padded(shipped: GradConfig): GradConfig {
  return {
    ...shipped,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as [Tensor];
      const d = dy as Tensor;
      const pool = attrs as unknown as PoolAttrs;
      const axes = poolWindows(x.shape, pool, d.shape).axes.slice(5 - x.rank);
      if (axes.every((axis) => inside(axis).every((n) => n === axis.taps))) return shipped.gradFunc(dy, saved, attrs);
      const ends = axes.map(({ pixels, windows, taps, stride, before }) =>
        Math.max(before + pixels, (windows - 1) * stride + taps),
      );
      return {
        x: () => {
          const room = zeros([x.shape[0] as number, ...ends, x.shape.at(-1) as number]);
          const whole = shipped.gradFunc(mul(d, shares(axes)), [room], { ...attrs, pad: 'valid' });
          return slice((whole.x as () => Tensor)(), [0, ...axes.map(({ before }) => before), 0], x.shape);
        },
      };
    },
  };
}

export const poolGradients: readonly GradConfig[] = gradients
  .filter(({ kernelName }) => kernelName === 'AvgPool' || kernelName === 'AvgPool3D')
  .map(padded);
