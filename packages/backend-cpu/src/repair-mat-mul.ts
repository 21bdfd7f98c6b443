// tfjs repeats the smaller batch of a product from its start, which is right for [3] with [2, 3] alone: of [2, 1] with
// [2, 3] it multiplies the wrong matrices, and of [2, 1] with [3] it computes 3 of 6.
import { broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Buffers, replaceKernel } from './replace-kernel.ts';

export function repairMatMul(): void {
  replaceKernel('BatchMatMul', (shipped) => (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const buffers = call.backend as Buffers;
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
    const whole = util.sizeFromShape(batch);
    const copies: TensorInfo[] = [];
    const spread = (x: TensorInfo, own: readonly number[]) => {
      if ([1, whole].includes(util.sizeFromShape([...own]))) return x;
      const copy = spreadOver(x, batch, buffers);
      copies.push(copy);
      return copy;
    };
    const out = shipped({ ...call, inputs: { a: spread(a, batchA), b: spread(b, batchB) } });
    for (const copy of copies) buffers.disposeIntermediateTensorInfo(copy);
    return out;
  });
}

/** A copy with the whole batch: entry by entry the matrix that is broadcast there. */
function spreadOver(x: TensorInfo, batch: readonly number[], buffers: Buffers): TensorInfo {
  const own = x.shape.slice(0, -2);
  const matrix = x.shape.slice(-2);
  const size = util.sizeFromShape(matrix);
  const count = util.sizeFromShape([...batch]);
  const from = buffers.readSync(x.dataId);
  const values = new Float32Array(count * size);
  for (let entry = 0; entry < count; entry++) {
    let index = 0;
    let stride = 1;
    for (let d = batch.length - 1, rest = entry; d >= 0; d--) {
      const length = own[d - batch.length + own.length] ?? 1;
      index += (length === 1 ? 0 : rest % (batch[d] as number)) * stride;
      stride *= length;
      rest = Math.floor(rest / (batch[d] as number));
    }
    values.set(from.subarray(index * size, (index + 1) * size), entry * size);
  }
  return buffers.makeTensorInfo([...batch, ...matrix], x.dtype, values);
}
