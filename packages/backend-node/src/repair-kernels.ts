// tfjs-node's own kernels, repaired: two that were left out, two that take a slow way, and one that not
// every processor has.
import { gapsOf, spreadFilter } from '@peftjs/backend';
import {
  getKernel,
  type KernelFunc,
  registerKernel,
  type Tensor,
  type TensorInfo,
  tidy,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core';
import { type Attribute, int, ints, type Raw, raw, run, type TensorflowBackend, tensorflow } from './native.ts';
import { matMul as product, reshape as view } from './native-math.ts';

/** Registers them in place of what is there. */
export function repairKernels(): void {
  shippedDepthwise ??= getKernel('DepthwiseConv2dNative', 'tensorflow').kernelFunc;
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if (shipped.has(kernelName)) unregisterKernel(kernelName, 'tensorflow');
    registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc });
  }
}

const shipped: ReadonlySet<string> = new Set(['Reshape', 'BatchMatMul', 'DepthwiseConv2dNative']);

let shippedDepthwise: KernelFunc | undefined;

function input(self: TensorflowBackend, tensor: TensorInfo): number {
  return self.getInputTensorIds([tensor as Tensor])[0] as number;
}

function execute(name: string, attributes: readonly Attribute[], inputs: readonly number[]): Tensor {
  const self = tensorflow();
  return self.createOutputTensor(self.binding.executeOp(name, attributes, inputs, 1)[0] as Raw);
}

const type = (name: string, dtype: string): Attribute => {
  const self = tensorflow();
  return { name, type: self.binding.TF_ATTR_TYPE, value: self.getDTypeInteger(dtype) };
};
const bool = (name: string, value: boolean): Attribute => ({ name, type: tensorflow().binding.TF_ATTR_BOOL, value });

/** As shipped, each reshape makes, uploads and frees a tensor for the shape. */
const reshape: KernelFunc = ({ inputs, attrs }) => {
  const { x } = inputs as { x: TensorInfo };
  const { shape } = attrs as unknown as { shape: number[] };
  return execute('Reshape', [type('T', x.dtype), type('Tshape', 'int32')], [input(tensorflow(), x), ints(shape).id]);
};

/**
 * As shipped, matrices too go to the batched op, which takes twice as long where one side is thin. Rows of any rank by a
 * matrix are one product.
 */
const batchMatMul: KernelFunc = ({ inputs, attrs }) => {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  if (a.shape.length > 2 && b.shape.length === 2 && !transposeA && a.dtype === 'float32') {
    const lead = a.shape.slice(0, -1);
    const width = b.shape[transposeB ? 0 : 1] as number;
    return run(() => {
      const rows = view(raw(a as Tensor), [util.sizeFromShape(lead), a.shape.at(-1) as number]);
      return [view(product(rows, raw(b as Tensor), false, transposeB), [...lead, width])];
    })[0];
  }
  const ids = [input(tensorflow(), a), input(tensorflow(), b)];
  const [name, left, right] =
    a.shape.length === 2 && b.shape.length === 2
      ? (['MatMul', 'transpose_a', 'transpose_b'] as const)
      : (['BatchMatMulV2', 'adj_x', 'adj_y'] as const);
  return execute(name, [type('T', a.dtype), bool(left, transposeA), bool(right, transposeB)], ids);
};

/** TensorFlow refuses filters with gaps on processors for which it has no oneDNN kernel (those without AVX-512, for one). */
const depthwise: KernelFunc = (call) => {
  const kernel = shippedDepthwise as KernelFunc;
  const gaps = gapsOf(call.attrs?.dilations);
  if (gaps.every((n) => n === 1)) return kernel(call);
  const filter = tidy(() => spreadFilter(call.inputs.filter as Tensor, gaps));
  const inputs = { ...call.inputs, filter };
  const out = kernel({ ...call, inputs, attrs: { ...call.attrs, dilations: [1, 1] } });
  filter.dispose();
  return out;
};

const bitwiseAnd: KernelFunc = ({ inputs }) => {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  return execute('BitwiseAnd', [type('T', a.dtype)], [input(tensorflow(), a), input(tensorflow(), b)]);
};

const denseBincount: KernelFunc = ({ inputs, attrs }) => {
  const { x, weights } = inputs as { x: TensorInfo; weights: TensorInfo };
  const { size, binaryOutput } = attrs as { size: number; binaryOutput: boolean };
  const types = [type('Tidx', x.dtype), type('T', weights.dtype), bool('binary_output', binaryOutput)];
  return execute('DenseBincount', types, [input(tensorflow(), x), int(size).id, input(tensorflow(), weights)]);
};

const kernels: Readonly<Record<string, KernelFunc>> = {
  Reshape: reshape,
  BatchMatMul: batchMatMul,
  DepthwiseConv2dNative: depthwise,
  BitwiseAnd: bitwiseAnd,
  DenseBincount: denseBincount,
};
