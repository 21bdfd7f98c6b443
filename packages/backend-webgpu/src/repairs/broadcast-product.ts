// Products whose leading dimensions must be stretched in part, as [2, 1] x [2, 3]: tfjs repeats the matrices in the wrong order.
import { broadcast_util, getKernel, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';

export function broadcastProduct(shipped: KernelFunc): KernelFunc {
  return (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
    const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const matrices = util.sizeFromShape(batch);
    const inputs: Record<string, TensorInfo> = { ...(args.inputs as Record<string, TensorInfo>) };
    const stretched: TensorInfo[] = [];
    for (const [name, x] of Object.entries({ a, b })) {
      const own = util.sizeFromShape(x.shape.slice(0, -2));
      if (own === matrices || own === 1) continue;
      inputs[name] = stretch(x, batch, args);
      stretched.push(inputs[name]);
    }
    const out = shipped({ ...args, inputs });
    for (const x of stretched) (args.backend as { disposeData(dataId: object): void }).disposeData(x.dataId);
    return out;
  };
}

/** A matrix for each place of `batch`. */
function stretch(x: TensorInfo, batch: readonly number[], { backend }: Parameters<KernelFunc>[0]): TensorInfo {
  const call = (kernelName: string, from: TensorInfo, attrs: object): TensorInfo =>
    getKernel(kernelName, 'webgpu').kernelFunc({ inputs: { x: from }, backend, attrs: attrs as never }) as TensorInfo;
  const ones = new Array<number>(batch.length + 2 - x.shape.length).fill(1);
  const shape = [...ones, ...x.shape];
  const shaped = call('Reshape', x, { shape });
  const reps = shape.map((size, k) => (k < batch.length && size === 1 ? (batch[k] as number) : 1));
  const out = call('Tile', shaped, { reps });
  (backend as { disposeData(dataId: object): void }).disposeData(shaped.dataId);
  return out;
}
