// CLoQ (Deng et al., arXiv 2501.18475): the base is in few bits already, and A and B start as what brings its layers nearest to
// the original's on a text: s B A minimizes |(W - Q - s B A) X'|. With D = W - Q and H = X'X, B's columns lie in the strongest
// eigenvectors U [o, r] of D H D', and s B A = U U' D.
import { normal, random } from '@peftjs/backend';
import type { Host, LinearSite, WeightSite } from '@peftjs/core';
import { EigenvalueDecomposition, Matrix, QrDecomposition } from 'ml-matrix';
import { kaiming } from './initializers.ts';
import {
  check,
  type MatrixInitializer,
  matrixOf,
  type Numbers,
  principal,
  readNumbers,
  toTensor,
} from './matrix-initializers.ts';

/** By the layer's path: the mean products of each two inputs [i, i]. */
export type InputProducts = ReadonlyMap<string, Float32Array>;

/** Each brings what is not wanted down by the ratio of its eigenvalue to the wanted ones'. */
const ROUNDS = 3;

/** The r strongest eigenvectors [o, r] of D H D'. */
function strongest(lost: Matrix, products: Matrix, r: number): Matrix {
  const { rows } = lost;
  const columns = Math.min(rows, 2 * r + 8);
  const back = lost.transpose();
  const multiplied = (y: Matrix) => lost.mmul(products.mmul(back.mmul(y)));
  let y = Matrix.from1DArray(rows, columns, normal(random(1), rows * columns, 1));
  for (let k = 0; k < ROUNDS; k++) y = new QrDecomposition(multiplied(y)).orthogonalMatrix;
  const within = y.transpose().mmul(multiplied(y));
  const { eigenvectorMatrix: v } = new EigenvalueDecomposition(within, { assumeSymmetric: true });
  return y.mmul(v.subMatrix(0, columns - 1, columns - r, columns - 1));
}

function productsOf(products: InputProducts, { path, inDim }: LinearSite): Matrix {
  const found = products.get(path);
  if (found?.length === inDim ** 2) return Matrix.from1DArray(inDim, inDim, found);
  const what = found ? `${found.length} numbers for "${path}", which takes ${inDim} ** 2` : `nothing of "${path}"`;
  throw new Error(
    `[peftjs/lora] the products of inputs given to cloq(…) have ${what}; give what measureImportance(original, …, { products: true }) returns`,
  );
}

function originalOf(original: Host, { path, inDim, outDim }: LinearSite): LinearSite {
  const site = original.sites().find((one): one is LinearSite => one.path === path && one.kind === 'linear');
  if (site?.inDim === inDim && site.outDim === outDim) return site;
  throw new Error(`[peftjs/lora] the original given to cloq(…) has no layer "${path}" [${outDim}, ${inDim}]`);
}

/**
 * Starts LoRA from what the base has lost to a storage, where that counts most. The base stays as it is: the adapter is one like
 * any other, over the base in this storage.
 *
 * @param original the same model before; needed until the adapter is attached
 * @param products what `measureImportance` gives of the original with `products`
 * @throws in attaching: where a layer is not in the original, has no products, or has lost nothing
 * @example
 * const products = await measureImportance(original, () => meanLoss(original, batches), { products: true });
 * attach(model, lora({ r: 8, init: cloq(original, products) }));
 */
export function cloq(original: Host, products: InputProducts): MatrixInitializer {
  const startingFrom = (read: Numbers): MatrixInitializer => ({
    ...kaiming,
    check,
    start(_, site: WeightSite, r, scale) {
      if (site.kind !== 'linear') return null;
      const [whole, held] = [originalOf(original, site), site].map((one) => matrixOf(one, 'cloq(…)', read));
      const lost = Matrix.sub(whole as Matrix, held as Matrix);
      if (lost.max() === 0 && lost.min() === 0) {
        throw new Error(`[peftjs/lora] "${site.path}" is as in the original, and CLoQ starts from what is lost`);
      }
      const u = strongest(lost, productsOf(products, site), r);
      const [a, b] = principal(u.transpose().mmul(lost), r, scale);
      return { params: { a: toTensor(a), b: toTensor(u.mmul(b)) }, take: () => undefined };
    },
    prepare: async (host, targets) =>
      startingFrom(new Map([...(await readNumbers(host, targets)), ...(await readNumbers(original, targets))])),
  });
  return startingFrom(new Map());
}
