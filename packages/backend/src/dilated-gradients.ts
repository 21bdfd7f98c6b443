// The gradient of convolutions whose filter has gaps, which tfjs refuses: that of the filter with zeros in the gaps.
import { type GradConfig, pad, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { type Gaps, gapsOf, spreadFilter } from './spread-filter.ts';
import { gradients } from './tfjs-gradients.gen.ts';

/** What `spreadFilter` put between is left out again. */
function gather(d: Tensor, shape: readonly number[], [a, b]: Gaps): Tensor {
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
      const gaps = gapsOf(attrs.dilations);
      if (gaps.every((n) => n === 1)) return shipped.gradFunc(dy, saved, attrs);
      const [x, filter] = saved as [Tensor, Tensor];
      const closures = () => shipped.gradFunc(dy, [x, spreadFilter(filter, gaps)], { ...attrs, dilations: [1, 1] });
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
