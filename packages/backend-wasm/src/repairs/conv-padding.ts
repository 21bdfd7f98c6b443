// Convolutions with padding in numbers. tfjs then sizes the output by the filter's height alone, and for a filter that is
// no square writes beyond its end: here the picture is padded first.
import { getKernel, type KernelFunc, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

type Convolution = 'Conv2D' | 'FusedConv2D' | 'DepthwiseConv2dNative' | 'FusedDepthwiseConv2D';

export function paddedConvKernel(r: Runtime, name: Convolution): KernelFunc {
  const shipped = getKernel(name, 'wasm').kernelFunc;
  return (call) => {
    const { backend } = call;
    const { x } = call.inputs as { x: TensorInfo };
    const attrs = call.attrs as NamedAttrMap;
    const pad = attrs.pad as unknown as 'same' | 'valid' | number | [number, number][];
    if (typeof pad === 'string' || attrs.dataFormat !== 'NHWC') return shipped(call);
    const paddings =
      typeof pad === 'number'
        ? [
            [0, 0],
            [pad, pad],
            [pad, pad],
            [0, 0],
          ]
        : pad;
    const padded = getKernel('PadV2', 'wasm').kernelFunc({
      inputs: { x },
      attrs: { paddings: paddings as never, constantValue: 0 },
      backend,
    }) as TensorInfo;
    const out = shipped({ inputs: { ...call.inputs, x: padded }, attrs: { ...attrs, pad: 'valid' }, backend });
    r.backend.disposeData(padded.dataId);
    return out;
  };
}
