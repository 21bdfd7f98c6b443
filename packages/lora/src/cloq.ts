// CLoQ (Deng et al., arXiv 2501.18475): the base is in few bits already, and A and B start as what brings its layers nearest to
// the original's on a text: s B A minimizes |(W - Q - s B A) X'|. With D = W - Q and H = X'X, B's columns lie in the strongest
// eigenvectors U [o, r] of D H D', and s B A = U U' D.
import { normal, random } from '@peftjs/backend';
import type { Host, LinearSite, WeightSite } from '@peftjs/core';
import { type Tensor2D, tensor2d, tidy, transpose } from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { kaiming } from './initializers.ts';
import { check, type MatrixInitializer, type Numbers, numbersOf, readNumbers } from './matrix-initializers.ts';
import { dots, orthonormal, type Rows, times } from './rows.ts';

/** By the layer's path: the mean products of each two inputs [i, i]. */
export type InputProducts = ReadonlyMap<string, Float32Array>;

/** Each brings what is not wanted down by the ratio of its eigenvalue to the wanted ones'. */
const ROUNDS = 3;

/** Eigenvectors of a symmetric matrix in rows, from the largest value down, and these. */
function eigen({ rows, values }: Rows): { readonly vectors: Rows; readonly sizes: readonly number[] } {
  const found = new EigenvalueDecomposition(Matrix.from1DArray(rows, rows, values), { assumeSymmetric: true });
  const vectors = Float64Array.from({ length: rows ** 2 }, (_, at) =>
    found.eigenvectorMatrix.get(at % rows, rows - 1 - Math.floor(at / rows)),
  );
  return { vectors: { rows, columns: rows, values: vectors }, sizes: found.realEigenvalues.toReversed() };
}

const tensorOf = ({ rows, columns, values }: Rows): Tensor2D => tensor2d(Float32Array.from(values), [rows, columns]);

const first = ({ columns, values }: Rows, rows: number): Rows => ({
  ...{ rows, columns },
  values: values.subarray(0, rows * columns),
});

/** The r strongest eigenvectors of D H D', [r, o]. */
function strongest(lost: Rows, products: Rows, r: number): Rows {
  const { rows: columns } = lost;
  const rows = Math.min(columns, 2 * r + 8);
  const multiplied = (y: Rows) => dots(times(times(y, lost), products), lost);
  let y: Rows = { rows, columns, values: Float64Array.from(normal(random(1), rows * columns, 1)) };
  for (let k = 0; k < ROUNDS; k++) y = orthonormal(multiplied(y));
  return times(first(eigen(dots(multiplied(y), y)).vectors, r), y);
}

/** A [r, i] and B' [r, o] of U U' D with U' [r, o], each with a square root of its singular values' share. */
function split(u: Rows, lost: Rows, scale: number): readonly [a: Rows, b: Rows] {
  const within = times(u, lost);
  const { vectors, sizes } = eigen(dots(within, within));
  const roots = sizes.map((square) => Math.sqrt(Math.sqrt(Math.max(0, square)) / scale));
  const scaled = (factors: readonly number[]): Rows => ({
    ...vectors,
    values: vectors.values.map((v, at) => v * (factors[Math.floor(at / vectors.columns)] as number)),
  });
  const shares = roots.map((root) => (root > 0 ? 1 / (root * scale) : 0));
  return [times(scaled(shares), within), times(scaled(roots), u)];
}

function productsOf(products: InputProducts, { path, inDim }: LinearSite): Rows {
  const found = products.get(path);
  if (found?.length === inDim ** 2) return { rows: inDim, columns: inDim, values: Float64Array.from(found) };
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
      const [whole, held] = [originalOf(original, site), site].map((one) => numbersOf(one, 'cloq(…)', read)) as [
        Float32Array,
        Float32Array,
      ];
      const { outDim, inDim } = site;
      const values = Float64Array.from(whole, (value, k) => value - (held[k] as number));
      if (values.every((value) => value === 0)) {
        throw new Error(`[peftjs/lora] "${site.path}" is as in the original, and CLoQ starts from what is lost`);
      }
      const lost = { rows: outDim, columns: inDim, values };
      const [a, b] = split(strongest(lost, productsOf(products, site), r), lost, scale);
      return { params: { a: tensorOf(a), b: tidy(() => transpose(tensorOf(b))) }, take: () => undefined };
    },
    prepare: async (host, targets) =>
      startingFrom(new Map([...(await readNumbers(host, targets)), ...(await readNumbers(original, targets))])),
  });
  return startingFrom(new Map());
}
