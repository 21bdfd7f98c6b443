// @ts-check
// Counts what is asked of a WebGPU device, by watching the objects of the standard: what any implementation is told, and
// the same on every machine with the same limits.

/**
 * @typedef {object} GpuCounts
 * @property {number} dispatches
 * @property {number} submits
 * @property {number} pipelines compiled
 * @property {number} uploadBytes written from this side, uniforms among them
 * @property {number} readBytes read back
 * @property {number} boundBytes sizes of all buffers that dispatches were given: what their shaders can touch
 * @property {Record<string, number>} shaders dispatches by the pipeline's label
 */

/** @returns {GpuCounts} */
const nothing = () => ({
  dispatches: 0,
  submits: 0,
  pipelines: 0,
  uploadBytes: 0,
  readBytes: 0,
  boundBytes: 0,
  shaders: {},
});

/**
 * Calls `after` each time that a method of a class has been called.
 * @param {{ prototype: any }} of
 * @param {string} name
 * @param {(self: object, args: any[], result: any) => void} after
 */
function watch({ prototype }, name, after) {
  const shipped = prototype[name];
  prototype[name] = function (/** @type {any[]} */ ...args) {
    const result = shipped.apply(this, args);
    after(this, args, result);
    return result;
  };
}

/**
 * Counts from now on, on every device; WebGPU's classes must be there.
 * @returns {{ take(): GpuCounts }} `take` gives what was counted since it was last called
 */
export function countGpu() {
  let counts = nothing();
  /** @type {WeakMap<object, number>} */
  const boundBytes = new WeakMap();
  /** @type {WeakMap<object, string>} */
  const labels = new WeakMap();
  /** @type {WeakMap<object, { label: string, groups: number[] }>} */
  const passes = new WeakMap();
  const passOf = (/** @type {object} */ pass) => {
    const known = passes.get(pass) ?? { label: '', groups: [] };
    passes.set(pass, known);
    return known;
  };
  /** Given `[offset, size]` where either may be left out. */
  const sizeOf = (/** @type {GPUBuffer} */ buffer, /** @type {any[]} */ [offset = 0, size]) =>
    size ?? buffer.size - offset;

  watch(GPUDevice, 'createComputePipeline', (_, [{ label }], pipeline) => {
    counts.pipelines++;
    labels.set(pipeline, label ?? '');
  });
  watch(GPUDevice, 'createBindGroup', (_, [{ entries }], group) => {
    const sizes = [...entries].map(({ resource }) => sizeOf(resource.buffer, [resource.offset, resource.size]));
    boundBytes.set(
      group,
      sizes.reduce((sum, size) => sum + size, 0),
    );
  });
  watch(GPUDevice, 'createBuffer', (_, [{ mappedAtCreation, size }]) => {
    if (mappedAtCreation) counts.uploadBytes += size;
  });
  watch(GPUQueue, 'writeBuffer', (_, [, , data, offset, size]) => {
    counts.uploadBytes += size ?? data.byteLength - (offset ?? 0);
  });
  watch(GPUQueue, 'submit', () => {
    counts.submits++;
  });
  watch(GPUBuffer, 'mapAsync', (self, [mode, ...range]) => {
    const bytes = sizeOf(/** @type {GPUBuffer} */ (self), range);
    if (mode === GPUMapMode.READ) counts.readBytes += bytes;
    else counts.uploadBytes += bytes;
  });
  watch(GPUComputePassEncoder, 'setPipeline', (self, [pipeline]) => {
    passOf(self).label = labels.get(pipeline) ?? '';
  });
  watch(GPUComputePassEncoder, 'setBindGroup', (self, [index, group]) => {
    passOf(self).groups[index] = boundBytes.get(group) ?? 0;
  });
  watch(GPUComputePassEncoder, 'dispatchWorkgroups', (self) => {
    const { label, groups } = passOf(self);
    counts.dispatches++;
    counts.boundBytes += groups.reduce((sum, bytes) => sum + bytes, 0);
    counts.shaders[label] = (counts.shaders[label] ?? 0) + 1;
  });
  return {
    take() {
      const taken = counts;
      counts = nothing();
      return taken;
    },
  };
}
