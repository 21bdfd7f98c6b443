// What a form runs with: new tensors, and shaders recorded into the very pass that tfjs's kernels are recorded into, so that
// everything runs in the order in which it was called.
import { engine, env, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { numberBytes, type Shader, shaderText } from './shader.ts';
import type { TfjsWebGpu } from './tfjs-webgpu.ts';

export interface Runtime {
  readonly backend: TfjsWebGpu;
  /** What a tfjs kernel returns: a float32 tensor, not yet known to the engine; its numbers are whatever lay there. */
  output(shape: readonly number[], dtype?: 'float32' | 'int32'): TensorInfo;
  /** A tensor whose numbers are whatever lay there. */
  tensor(shape: readonly number[], dtype?: 'float32' | 'int32'): Tensor;
  /**
   * Records one dispatch.
   *
   * @param buffers the tensors by the shader's names
   * @param numbers its numbers by name
   * @param groups how many workgroups; none are needed where an output has no elements
   */
  run<S extends Shader>(
    shader: S,
    buffers: Readonly<Record<keyof S['reads'] | keyof S['writes'], TensorInfo>>,
    numbers: Readonly<Record<keyof S['numbers'], number>>,
    groups: number,
  ): void;
}

export function makeRuntime(backend: TfjsWebGpu): Runtime {
  const { device } = backend;
  const pipelines = new Map<Shader, GPUComputePipeline>();
  const widest = device.limits.maxComputeWorkgroupsPerDimension;

  const pipelineOf = (shader: Shader): GPUComputePipeline => {
    let pipeline = pipelines.get(shader);
    if (pipeline === undefined) {
      const { name: label } = shader;
      const module = device.createShaderModule({ label, code: shaderText(shader) });
      pipeline = device.createComputePipeline({ label, layout: 'auto', compute: { module, entryPoint: 'main' } });
      pipelines.set(shader, pipeline);
    }
    return pipeline;
  };

  const bufferOf = (tensor: TensorInfo): GPUBuffer => {
    backend.uploadToGPU(tensor.dataId);
    backend.commandQueueOwnedIds.add(tensor.dataId);
    return backend.tensorMap.get(tensor.dataId).resource as GPUBuffer;
  };

  const uniform = (shader: Shader, numbers: Readonly<Record<string, number>>): GPUBuffer => {
    const bytes = numberBytes(shader, numbers);
    const buffer = backend.bufferManager.acquireBuffer(
      bytes.byteLength,
      GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM,
    );
    backend.queue.writeBuffer(buffer, 0, bytes);
    backend.uniformPendingDisposal.push(buffer);
    return buffer;
  };

  const runtime: Runtime = {
    backend,
    output: (shape, dtype = 'float32') => backend.makeTensorInfo(shape, dtype),
    tensor: (shape, dtype) => makeTensor(runtime.output(shape, dtype)),
    run(shader, tensors, numbers, groups) {
      if (groups === 0) return;
      const names = [...Object.keys(shader.reads), ...Object.keys(shader.writes)] as (keyof typeof tensors)[];
      const pipeline = pipelineOf(shader);
      const buffers = names.map((name) => bufferOf(tensors[name]));
      if (Object.keys(shader.numbers).length > 0) buffers.push(uniform(shader, numbers));
      const bindGroup = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      backend.ensureCommandEncoderReady();
      backend.computePassEncoder ??= backend.commandEncoder.beginComputePass();
      const pass = backend.computePassEncoder;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...grid(groups, widest));
      backend.dispatchCountInPass++;
      if (backend.dispatchCountInPass >= env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) {
        backend.endComputePassEncoder();
        backend.submitQueue();
      }
    },
  };
  return runtime;
}

/** A row of workgroups folded into the dimensions that a device allows. */
export function grid(groups: number, widest: number): [number, number, number] {
  if (groups <= widest) return [groups, 1, 1];
  const rows = Math.ceil(groups / widest);
  return rows <= widest ? [widest, rows, 1] : [widest, widest, Math.ceil(rows / widest)];
}

function makeTensor(info: TensorInfo): Tensor {
  return (engine() as unknown as { makeTensorFromTensorInfo(info: TensorInfo): Tensor }).makeTensorFromTensorInfo(info);
}
