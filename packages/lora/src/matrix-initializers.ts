// Initializers that start from the weight's own strongest directions, and leave the rest to the base.
import { fromWeight, type LinearSite, type Start, type WeightSite } from '@peftjs/core';
import { matMul, mul, sub, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { type Initializer, kaiming } from './initializers.ts';

/** A layer's weight in JavaScript. */
export function rowMajor(site: LinearSite): Matrix {
  const dense = site.weight.read();
  const values = dense.dataSync();
  dense.dispose();
  return Matrix.from1DArray(site.outDim, site.inDim, values as Float32Array);
}

/** Linear layers start from their weight, tables as ever; convolutions not at all, as in PEFT. */
export const check: NonNullable<Initializer['check']> = (site) =>
  site.kind === 'conv' ? 'its start needs a linear layer; leave init out' : null;

/** A and B of a matrix's r largest singular directions, each with a square root of its share. */
export function principal(matrix: Matrix, r: number, scale: number): { readonly a: Matrix; readonly b: Matrix } {
  const svd = new SingularValueDecomposition(matrix, { autoTranspose: true });
  const roots = svd.diagonal.slice(0, r).map((s) => Math.sqrt(s / scale));
  const first = (m: Matrix) => m.subMatrix(0, m.rows - 1, 0, r - 1).mulRowVector(roots);
  return { a: first(svd.rightSingularVectors).transpose(), b: first(svd.leftSingularVectors) };
}

export const toTensor = (m: Matrix): Tensor => tensor2d(Float32Array.from(m.to1DArray()), [m.rows, m.columns]);

/** A and B, and what is left of the weight: W - s B A. */
function startFrom(site: LinearSite, a: Matrix, b: Matrix, scale: number): Start {
  const [ta, tb] = [toTensor(a), toTensor(b)];
  return { params: { a: ta, b: tb }, weight: sub(site.weight.read(), mul(matMul(tb, ta), scale)) };
}

/**
 * PiSSA (Meng et al., arXiv 2404.02948): A and B start as the r largest singular directions of W, W keeps the others.
 * Give it to `lora` as `init`, and to `readLora` where such an adapter is loaded.
 */
export const pissa: Initializer = {
  ...kaiming,
  name: 'pissa',
  check,
  start: fromWeight((site: WeightSite, r: number, scale: number) => {
    if (site.kind !== 'linear') return null;
    const { a, b } = principal(rowMajor(site), r, scale);
    return startFrom(site, a, b, scale);
  }),
};

/** OLoRA (Büyükakyüz, arXiv 2406.01775): A and B start as the first r rows of R and columns of Q in W = Q R; R = Q' W. */
export const olora: Initializer = {
  ...kaiming,
  name: 'olora',
  check,
  start: fromWeight((site: WeightSite, r: number, scale: number) => {
    if (site.kind !== 'linear') return null;
    const w = rowMajor(site);
    const square = w.subMatrix(0, w.rows - 1, 0, Math.min(w.rows, w.columns) - 1);
    const q = new QrDecomposition(square).orthogonalMatrix.subMatrix(0, w.rows - 1, 0, r - 1);
    return startFrom(site, q.transpose().mmul(w), q, scale);
  }),
};
