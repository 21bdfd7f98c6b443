// What we use of tfjs's WebGPU backend, some of it not in its types. Pinned to one version; tested by everything here.
import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';

/** Where a tensor's numbers are: on the device, or still on this side. */
export interface TensorPlace {
  resource: GPUBuffer | null;
  values: ArrayLike<number> | null;
}

export interface TfjsWebGpu {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { get(dataId: object): TensorPlace };
  readonly bufferManager: { acquireBuffer(bytes: number, usage: number, ...rest: readonly boolean[]): GPUBuffer };
  readonly commandQueueOwnedIds: { add(dataId: object): void };
  readonly uniformPendingDisposal: GPUBuffer[];
  readonly commandEncoder: GPUCommandEncoder;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: readonly number[], dtype: DataType): TensorInfo;
  read(dataId: object): Promise<BackendValues>;
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}
