// A tensor without elements gets a buffer of one number: a device makes none of no bytes.
import type { TfjsWebGpu } from '../tfjs-webgpu.ts';

export function allowEmptyBuffers({ bufferManager }: TfjsWebGpu): void {
  const shipped = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (bytes, ...rest) => shipped(Math.max(bytes, 4), ...rest);
}
