// The change of weight that an adapter makes at a module: s B A, or with DoRA m / |V| V - W for V = W + s B A.
import { Matrix } from 'ml-matrix';
import type { BaseWeight, WeightOf } from '../extract/base-weight.ts';
import type { LoraChange } from './read-adapter.ts';

/** A norm is at least this, so that a row of zeros stays one. */
const TINY = 1e-15;

/** W [o, i]; of an embedding its table transposed, as B A is. */
function rowMajor({ values, outDim, inDim }: BaseWeight, { path, kind, a, b }: LoraChange): Matrix {
  const wanted = kind === 'embedding' ? [a.columns, b.rows] : [b.rows, a.columns];
  if (outDim !== wanted[0] || inDim !== wanted[1] || values.length !== outDim * inDim) {
    throw new Error(
      `[peftjs/lora] weightOf gives ${values.length} numbers, ${outDim} x ${inDim}, for "${path}", which is ${wanted.join(' x ')}`,
    );
  }
  const matrix = Matrix.from1DArray(outDim, inDim, values as number[]);
  return kind === 'embedding' ? matrix.transpose() : matrix;
}

/**
 * [o, i]
 *
 * @throws when DoRA's base is of another size
 */
export async function changeOf(change: LoraChange, weightOf: WeightOf | undefined): Promise<Matrix> {
  const { a, b, scale, magnitude, path } = change;
  const product = b.mmul(a).mul(scale);
  if (magnitude === null || weightOf === undefined) return product;
  const weight = rowMajor(await weightOf(path), change);
  const turned = product.add(weight);
  const gains = Array.from(magnitude, (m, i) => {
    const squares = turned.getRow(i).reduce((s, value) => s + value * value, 0);
    return m / Math.max(Math.sqrt(squares), TINY);
  });
  return turned.mulColumnVector(gains).sub(weight);
}
