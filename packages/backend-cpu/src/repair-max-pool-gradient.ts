// The gradient of maxPool3d, which in tfjs mistakes the place of a maximum in windows that are higher than wide.
import { maxima, type PoolAttrs, poolWindows } from '@peftjs/backend';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Buffers, replaceKernel } from './replace-kernel.ts';

export function repairMaxPoolGradient(): void {
  replaceKernel('MaxPool3DGrad', () => ({ inputs, attrs, backend }) => {
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const buffers = backend as Buffers;
    const [x, d] = [buffers.readSync(input.dataId), buffers.readSync(dy.dataId)];
    const dx = new Float32Array(x.length);
    const windows = poolWindows(input.shape, attrs as unknown as PoolAttrs, dy.shape);
    for (const [i, place] of maxima(x, windows, input.shape[4] as number).entries()) {
      if (place >= 0) dx[place] = (dx[place] as number) + (d[i] as number);
    }
    return buffers.makeTensorInfo([...input.shape], 'float32', dx);
  });
}
