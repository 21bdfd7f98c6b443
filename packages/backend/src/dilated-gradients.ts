// The gradient of convolutions whose filter has gaps, which tfjs refuses: that of the filter with zeros in the gaps.
import { type GradConfig, pad, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { gradients } from './tfjs-gradients.gen.ts';

type Pair = readonly [height: number, width: number];

/** [h, w, ...] to [(h - 1) a + 1, (w - 1) b + 1, ...], with zeros between. */
function spread(filter: Tensor, [a, b]: Pair): Tensor {
  const [h, w, ...rest] = filter.shape as [number, number, ...number[]];
  const apart = pad(reshape(filter, [h, 1, w, 1, -1]), [
    [0, 0],
    [0, a - 1],
    [0, 0],
    [0, b - 1],
    [0, 0],
  ]);
  const end = [(h - 1) * a + 1, (w - 1) * b + 1, ...rest];
  return slice(reshape(apart, [h * a, w * b, ...rest]), [0, 0, 0, 0], end);
}

/** What `spread` put between is left out again. */
function gather(d: Tensor, shape: readonly number[], [a, b]: Pair): Tensor {
  const [h, w, ...rest] = shape as [number, number, ...number[]];
  const whole = pad(d, [
    [0, a - 1],
    [0, b - 1],
    [0, 0],
    [0, 0],
  ]);
  const apart = reshape(whole, [h, a, w, b, -1]);
  return reshape(slice(apart, [0, 0, 0, 0, 0], [h, 1, w, 1, -1]), [h, w, ...rest]);
}

function dilated(shipped: GradConfig): GradConfig {
  return {
    ...shipped,
    gradFunc: (dy, saved, attrs) => {
      const given = attrs.dilations as unknown as number | Pair | undefined;
      const gaps: Pair = typeof given === 'number' ? [given, given] : (given ?? [1, 1]);
      if (gaps.every((n) => n === 1)) return shipped.gradFunc(dy, saved, attrs);
      const [x, filter] = saved as [Tensor, Tensor];
      const closures = () => shipped.gradFunc(dy, [x, spread(filter, gaps)], { ...attrs, dilations: [1, 1] });
      return {
        x: () => (closures().x as () => Tensor)(),
        filter: () => gather((closures().filter as () => Tensor)(), filter.shape, gaps),
      };
    },
  };
}

export const dilatedGradients: readonly GradConfig[] = gradients
  .filter(({ kernelName }) => kernelName === 'Conv2D' || kernelName === 'DepthwiseConv2dNative')
  .map(dilated);
