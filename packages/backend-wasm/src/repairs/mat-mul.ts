// BatchMatMul and _FusedMatMul: every transpose, batch and broadcast through one product that reads its operands in place.
// tfjs's own takes a scalar loop for all but one case, and that case keeps a packed copy of the weights by tensor id.
import { broadcast_util, getKernel, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

/** Rows up to which a product is bound by reading the weights. */
const FEW_ROWS = 4;

/** A matrix in memory: where it begins and its strides in bytes. */
interface Matrix {
  readonly at: number;
  readonly rs: number;
  readonly cs: number;
}

/** a b, with either transposed; leading dimensions are broadcast. */
function matMul(r: Runtime, a: TensorInfo, b: TensorInfo, ta: boolean, tb: boolean): TensorInfo {
  const [p, q] = a.shape.slice(-2) as [number, number];
  const [s, t] = b.shape.slice(-2) as [number, number];
  const [m, k] = ta ? [q, p] : [p, q];
  const [inner, n] = tb ? [t, s] : [s, t];
  if (k !== inner) {
    throw new Error(
      `[peftjs/backend-wasm] matMul of [${a.shape}] and [${b.shape}]: inner dimensions ${k} and ${inner} differ`,
    );
  }
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const out = r.output([...batch, m, n]);
  const [countA, countB, count] = [batchA, batchB, batch].map((shape) => util.sizeFromShape(shape)) as [
    number,
    number,
    number,
  ];
  if (count * m * n === 0) return out;
  if (k === 0) {
    r.backend.typedArrayFromHeap(out).fill(0);
    return out;
  }
  const A = matrix(r.at(a), q, ta);
  const B = matrix(r.at(b), t, tb);
  const C = r.at(out);
  if (countB === 1 && !ta) product(r, A, B, C, count * m, n, k);
  else if (count === 1) product(r, A, B, C, m, n, k);
  else if ((countA === count || countA === 1) && (countB === count || countB === 1)) {
    const step = (length: number, matrixSize: number) => (length === 1 ? 0 : matrixSize * 4);
    r.run.gemmBatch(
      A.at,
      A.rs,
      A.cs,
      B.at,
      B.rs,
      B.cs,
      C,
      n * 4,
      m,
      n,
      k,
      count,
      step(countA, m * k),
      step(countB, k * n),
      m * n * 4,
    );
  } else {
    for (let i = 0; i < count; i++) {
      const at = (from: Matrix, shape: number[], size: number): Matrix => ({
        ...from,
        at: from.at + broadcastIndex(i, batch, shape) * size * 4,
      });
      product(r, at(A, batchA, m * k), at(B, batchB, k * n), C + i * m * n * 4, m, n, k);
    }
  }
  return out;
}

/** A contiguous matrix of so many columns in memory, or its transpose. */
export function matrix(at: number, columns: number, transposed: boolean): Matrix {
  return transposed ? { at, rs: 4, cs: columns * 4 } : { at, rs: columns * 4, cs: 4 };
}

/** C = A B for one pair of matrices, C contiguous at `c`. */
export function product(r: Runtime, A: Matrix, B: Matrix, c: number, m: number, n: number, k: number): void {
  const { run } = r;
  if (n === 1 && A.cs === 4 && (B.rs === 4 || k === 1)) run.gemvRows(B.at, 0, A.at, A.rs, c, 0, 1, m, k);
  else if (m > FEW_ROWS || A.cs !== 4) run.gemm(A.at, A.rs, A.cs, B.at, B.rs, B.cs, c, n * 4, m, n, k, 0);
  else if (B.rs === 4) run.gemvRows(A.at, A.rs, B.at, B.cs, c, n * 4, m, n, k);
  else run.gemvColumns(A.at, A.rs, B.at, B.rs, c, n * 4, m, n, k);
}

/** Which entry of a tensor of leading dimensions `shape` belongs to entry `i` of the broadcast ones. */
function broadcastIndex(i: number, batch: readonly number[], shape: readonly number[]): number {
  let index = 0;
  let stride = 1;
  for (let d = batch.length - 1, rest = i; d >= 0; d--) {
    const size = batch[d] as number;
    const own = shape[d - batch.length + shape.length] ?? 1;
    index += (own === 1 ? 0 : rest % size) * stride;
    stride *= own;
    rest = Math.floor(rest / size);
  }
  return index;
}

export function matMulKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs }) => {
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
    return matMul(r, a, b, transposeA, transposeB);
  };
}

const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
};

export function fusedMatMulKernel(r: Runtime): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { a, b, bias, preluActivationWeights: alpha } = inputs as Record<string, TensorInfo | undefined>;
    const { transposeA, transposeB, activation, leakyreluAlpha } = attrs as unknown as {
      transposeA: boolean;
      transposeB: boolean;
      activation: string | null;
      leakyreluAlpha: number;
    };
    const then = (before: TensorInfo, kernelName: string, args: Parameters<KernelFunc>[0]): TensorInfo => {
      const after = getKernel(kernelName, 'wasm').kernelFunc(args) as TensorInfo;
      r.backend.disposeData(before.dataId);
      return after;
    };
    let out = matMul(r, a as TensorInfo, b as TensorInfo, transposeA, transposeB);
    if (bias !== undefined && bias !== null) out = then(out, 'Add', { inputs: { a: out, b: bias }, backend });
    if (activation === null || activation === undefined || activation === 'linear') return out;
    const name = ACTIVATIONS[activation];
    if (name === undefined) throw new Error(`[peftjs/backend-wasm] fused matMul knows no activation "${activation}"`);
    const weights = name === 'Prelu' && alpha ? { alpha } : {};
    return then(out, name, { inputs: { x: out, ...weights }, attrs: { alpha: leakyreluAlpha }, backend });
  };
}
