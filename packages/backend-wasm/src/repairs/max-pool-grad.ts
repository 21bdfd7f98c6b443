// MaxPoolGrad, which in tfjs looks for a maximum above 0 alone: where a window has none, its gradient is lost.
import { backend_util, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function maxPoolGradKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
      filterSize: number | [number, number];
      strides: number | [number, number];
      pad: 'valid' | 'same' | number;
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
    };
    const shape = input.shape as [number, number, number, number];
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const { inHeight, inWidth, outHeight, outWidth, inChannels: c, padInfo } = info;
    const out = r.output(shape);
    const [x, d, dx] = [input, dy, out].map((t) => r.backend.typedArrayFromHeap(t)) as [Numbers, Numbers, Numbers];
    dx.fill(0);
    for (let i = 0; i < d.length; i++) {
      const [channel, pixel] = [i % c, Math.floor(i / c)];
      const left = (pixel % outWidth) * info.strideWidth - padInfo.left;
      const top = (Math.floor(pixel / outWidth) % outHeight) * info.strideHeight - padInfo.top;
      const first = Math.floor(pixel / (outWidth * outHeight)) * inHeight;
      let best = -1;
      for (let row = Math.max(0, top); row < Math.min(inHeight, top + info.effectiveFilterHeight); row++) {
        for (let column = Math.max(0, left); column < Math.min(inWidth, left + info.effectiveFilterWidth); column++) {
          const at = ((first + row) * inWidth + column) * c + channel;
          if (best < 0 || (x[at] as number) > (x[best] as number)) best = at;
        }
      }
      if (best >= 0) dx[best] = (dx[best] as number) + (d[i] as number);
    }
    return out;
  };
}

type Numbers = Float32Array;
