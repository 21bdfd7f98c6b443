// Running sums and products along an axis counted from the end: tfjs hands the negative number to the kernels, and they
// give an empty tensor or read out of bounds, without an error.
import { getKernel, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';

/** Makes the axis positive before the backend's kernels see it. */
export function repairAxes(backendName: string): void {
  for (const kernelName of ['Cumsum', 'Cumprod']) {
    const shipped = getKernel(kernelName, backendName);
    if (shipped === undefined) continue;
    unregisterKernel(kernelName, backendName);
    registerKernel({
      ...shipped,
      kernelFunc(call) {
        const { axis } = call.attrs as { axis: number };
        const rank = (call.inputs.x as TensorInfo).shape.length;
        return shipped.kernelFunc({ ...call, attrs: { ...call.attrs, axis: axis < 0 ? axis + rank : axis } });
      },
    });
  }
}
