// Tile, GatherV2 and SplitV as copies of whole rows; those of tfjs move one number at a time.
import { backend_util, getKernel, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}

export function tileKernel(r: Runtime): KernelFunc {
  const shipped = getKernel('Tile', 'wasm').kernelFunc;
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { reps } = call.attrs as unknown as { reps: number[] };
    if (x.dtype === 'bool' || x.dtype === 'string' || product(x.shape) * product(reps) === 0) return shipped(call);
    let from = x;
    // From the last dimension to the first, each repeats the blocks that the later ones have made.
    for (let d = reps.length - 1; d >= 0; d--) {
      const times = reps[d] as number;
      if (times === 1 && !(d === 0 && from === x)) continue;
      const shape = from.shape.map((n, i) => (i === d ? n * times : n));
      const to = r.backend.makeOutput(shape, x.dtype);
      r.run.repeat(r.at(to), r.at(from), product(from.shape.slice(0, d)), product(from.shape.slice(d)) * 4, times);
      if (from !== x) r.backend.disposeData(from.dataId);
      from = to;
    }
    return from;
  };
}

export function gatherKernel(r: Runtime): KernelFunc {
  const shipped = getKernel('GatherV2', 'wasm').kernelFunc;
  return (call) => {
    const { x, indices } = call.inputs as { x: TensorInfo; indices: TensorInfo };
    const { axis, batchDims } = call.attrs as unknown as { axis: number; batchDims: number };
    if (batchDims !== 0 || indices.dtype !== 'int32' || !(x.dtype === 'float32' || x.dtype === 'int32')) {
      return shipped(call);
    }
    const d = util.parseAxisParam(axis, x.shape)[0] as number;
    const [before, after] = [x.shape.slice(0, d), x.shape.slice(d + 1)];
    const out = r.backend.makeOutput([...before, ...indices.shape, ...after], x.dtype);
    const [count, rows] = [product(indices.shape), x.shape[d] as number];
    r.run.gatherRows(r.at(x), r.at(indices), r.at(out), product(before), count, rows, product(after) * 4);
    return out;
  };
}

export function splitKernel(r: Runtime): KernelFunc {
  const shipped = getKernel('SplitV', 'wasm').kernelFunc;
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { numOrSizeSplits, axis } = call.attrs as unknown as { numOrSizeSplits: number | number[]; axis: number };
    if (!(x.dtype === 'float32' || x.dtype === 'int32')) return shipped(call);
    const d = util.parseAxisParam(axis, x.shape)[0] as number;
    const sizes = backend_util.prepareSplitSize(
      x as Parameters<typeof backend_util.prepareSplitSize>[0],
      numOrSizeSplits,
      d,
    );
    const rows = product(x.shape.slice(0, d));
    const each = product(x.shape.slice(d + 1)) * 4;
    const stride = (x.shape[d] as number) * each;
    let from = r.at(x);
    return sizes.map((size) => {
      const out = r.backend.makeOutput(
        x.shape.map((n, i) => (i === d ? size : n)),
        x.dtype,
      );
      r.run.copyRows(r.at(out), size * each, from, stride, rows, size * each);
      from += size * each;
      return out;
    });
  };
}
