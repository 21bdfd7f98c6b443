// A tensor without elements gets a buffer of one number, since a device makes none of no bytes; and one that no shader could
// be given is refused with its size, where tfjs would go on with zeros.
import type { TfjsWebGpu } from '../tfjs-webgpu.ts';

export function checkBufferSizes({ bufferManager }: TfjsWebGpu, most: number): void {
  const shipped = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (bytes, ...rest) => {
    if (bytes <= most) return shipped(Math.max(bytes, 4), ...rest);
    throw new Error(
      `[peftjs/backend-webgpu] a tensor of ${bytes} bytes; this device takes at most ${most}: ` +
        'use a smaller batch or shorter sequences, or weights of fewer bits',
    );
  };
}
