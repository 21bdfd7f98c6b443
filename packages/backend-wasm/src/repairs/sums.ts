// Sum over leading dimensions row by row, where tfjs transposes first, and of nothing, where it leaves what was in memory;
// UnsortedSegmentSum, which it lacks.
import { getKernel, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function sumKernel(r: Runtime): KernelFunc {
  const shipped = getKernel('Sum', 'wasm').kernelFunc;
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { axis, keepDims } = call.attrs as unknown as { axis: number | number[]; keepDims: boolean };
    const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const lead = axes.length;
    const size = util.sizeFromShape(x.shape);
    if (size === 0) {
      const kept = x.shape.flatMap((d, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [d]));
      const none = r.backend.makeOutput(kept, x.dtype === 'bool' ? 'int32' : x.dtype);
      r.backend.typedArrayFromHeap(none).fill(0);
      return none;
    }
    const leading = lead > 0 && lead < x.shape.length && axes.every((a, i) => a === i);
    if (x.dtype !== 'float32' || !leading) return shipped(call);
    const rest = x.shape.slice(lead);
    const d = util.sizeFromShape(rest);
    const out = r.output(keepDims ? [...axes.map(() => 1), ...rest] : rest);
    r.run.sumRows(r.at(x), r.at(out), size / d, d);
    return out;
  };
}

export function segmentSumKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
    const { numSegments } = attrs as unknown as { numSegments: number };
    if (x.dtype !== 'float32' || segmentIds.shape.length !== 1) {
      throw new Error(
        `[peftjs/backend-wasm] unsortedSegmentSum takes float32 and ids of rank 1, found ${x.dtype} and rank ${segmentIds.shape.length}`,
      );
    }
    const [n] = segmentIds.shape as [number];
    const rest = x.shape.slice(1);
    const d = util.sizeFromShape(rest);
    const out = r.output([numSegments, ...rest]);
    r.run.fill(r.at(out), 0, numSegments * d * 4);
    r.run.scatterRows(r.at(x), r.at(segmentIds), r.at(out), n, numSegments, d);
    return out;
  };
}
