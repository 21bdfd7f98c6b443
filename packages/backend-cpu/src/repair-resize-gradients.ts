// The gradients of resized pictures: tfjs's of the nearest pixel reads another picture's from the second of a batch on, and
// that of bilinear sampling comes with height and width exchanged.
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { type Buffers, replaceKernel } from './replace-kernel.ts';

export function repairResizeGradients(): void {
  replaceKernel('ResizeBilinearGrad', (shipped) => (call) => {
    const { images } = call.inputs as { images: TensorInfo };
    return { ...(shipped(call) as TensorInfo), shape: [...images.shape] };
  });
  replaceKernel('ResizeNearestNeighborGrad', () => nearest);
}

/** Which pixel of a line each of the resized line was taken from. */
function sources(from: number, to: number, alignCorners: boolean): number[] {
  const corners = alignCorners && to > 1;
  const scale = corners ? (from - 1) / (to - 1) : from / to;
  return Array.from({ length: to }, (_, i) =>
    Math.min(from - 1, alignCorners ? Math.round(i * scale) : Math.floor(i * scale)),
  );
}

const nearest: KernelFunc = ({ inputs, attrs, backend }) => {
  const { images, dy } = inputs as { images: TensorInfo; dy: TensorInfo };
  const { alignCorners } = attrs as { alignCorners: boolean };
  const buffers = backend as Buffers;
  const [b, h, w, c] = images.shape as [number, number, number, number];
  const [high, wide] = dy.shape.slice(1) as [number, number];
  const d = buffers.readSync(dy.dataId);
  const dx = new Float32Array(b * h * w * c);
  const [rows, columns] = [sources(h, high, alignCorners), sources(w, wide, alignCorners)];
  let at = 0;
  for (let picture = 0; picture < b; picture++) {
    for (const row of rows) {
      for (const column of columns) {
        const to = ((picture * h + row) * w + column) * c;
        for (let channel = 0; channel < c; channel++)
          dx[to + channel] = (dx[to + channel] as number) + (d[at++] as number);
      }
    }
  }
  return buffers.makeTensorInfo([...images.shape], 'float32', dx);
};
