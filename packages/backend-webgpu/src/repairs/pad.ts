// Padding of more than four dimensions, for which tfjs writes a shader that does not compile: one dimension at a time, each as
// the first of a matrix's two or the second.
import { getKernel, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';

interface PadAttrs {
  readonly paddings: readonly (readonly [before: number, after: number])[];
  readonly constantValue: number;
}

export function padKernel(shipped: KernelFunc): KernelFunc {
  return (args) => {
    const { backend } = args;
    const { paddings, constantValue } = args.attrs as unknown as PadAttrs;
    let x = args.inputs.x as TensorInfo;
    if (x.shape.length <= 4) return shipped(args);
    const free = (t: TensorInfo) => (backend as { disposeData(dataId: object): void }).disposeData(t.dataId);
    const shaped = (t: TensorInfo, shape: readonly number[]) =>
      getKernel('Reshape', 'webgpu').kernelFunc({
        inputs: { x: t },
        backend,
        attrs: { shape: [...shape] },
      }) as TensorInfo;
    const shape = [...x.shape];
    let own = shaped(x, shape);
    for (const [k, [before, after]] of paddings.entries()) {
      if (before + after === 0) continue;
      const inner = util.sizeFromShape(shape.slice(k + 1));
      const outer = util.sizeFromShape(shape.slice(0, k));
      x = shaped(own, [outer, (shape[k] as number) * inner]);
      free(own);
      const wider = [
        [0, 0],
        [before * inner, after * inner],
      ];
      const padded = shipped({
        inputs: { x },
        backend,
        attrs: { paddings: wider, constantValue } as never,
      }) as TensorInfo;
      free(x);
      shape[k] = (shape[k] as number) + before + after;
      own = shaped(padded, shape);
      free(padded);
    }
    return own;
  };
}
