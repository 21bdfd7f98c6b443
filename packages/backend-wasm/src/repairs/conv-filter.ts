// Conv2DBackpropFilter, which tfjs lacks: for each tap of the filter, the pixels it meets times the gradient of the output.
import { backend_util, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function convFilterKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as {
      strides: number | [number, number];
      pad: 'valid' | 'same' | number;
      dataFormat: 'NHWC' | 'NCHW';
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
      filterShape: [number, number, number, number];
    };
    const layout = backend_util.convertConv2DDataFormat(dataFormat);
    if (layout !== 'channelsLast') {
      throw new Error(
        `[peftjs/backend-wasm] the gradient of conv2d takes NHWC, found ${dataFormat}; transpose the input`,
      );
    }
    const info = backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
      layout,
    );
    const { batchSize: b, inHeight, inWidth, inChannels: c } = info;
    // tfjs works out the width with the filter's height where the padding is a number.
    const [, outHeight, outWidth, o] = dy.shape as [number, number, number, number];
    const rows = b * outHeight * outWidth;
    const out = r.output(filterShape);
    const met = r.output([rows, c]);
    const { strideHeight, strideWidth, filterHeight, filterWidth } = info;
    for (let tap = 0; tap < filterHeight * filterWidth; tap++) {
      const [top, left] = [Math.floor(tap / filterWidth) - info.padInfo.top, (tap % filterWidth) - info.padInfo.left];
      const picture = [b, inHeight, inWidth, outHeight, outWidth, c, strideHeight, strideWidth, top, left];
      r.run.patches(r.at(x), r.at(met), ...picture);
      r.run.gemm(r.at(met), 4, c * 4, r.at(dy), o * 4, 4, r.at(out) + tap * c * o * 4, o * 4, c, o, rows, 0);
    }
    r.backend.disposeData(met.dataId);
    return out;
  };
}
