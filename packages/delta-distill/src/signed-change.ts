// A change as its signs and scales that are trained: W = B + c S with the base B [o, i], S of 1 and -1, and a scale c for the
// matrix or for each row that it has in a file.
import { engine, lookup } from '@peftjs/backend';
import type { StoredTensor, Weight } from '@peftjs/core';
import {
  add,
  dispose,
  matMul,
  mul,
  ones,
  reshape,
  type Tensor,
  tensor,
  transpose,
  type Variable,
  variable,
} from '@tensorflow/tfjs-core';

export interface SignedChange {
  /** What it takes the place of in the model. */
  readonly held: Weight;
  /** Computes with the base and the signs. */
  readonly weight: Weight;
  /** What the scales are multiplied by, 1 at the start: so one learning rate fits changes of all sizes. */
  readonly factors: Variable;
  /** The scales as they are. */
  scales(): Promise<Float32Array>;
  dispose(): void;
}

/**
 * @param from the base's numbers, and `to` those of the tuned model, as files have them
 * @param perRow whether each row has a scale
 */
export function signedChange(
  from: Float32Array,
  to: Float32Array,
  { held, shape, transposed = false }: StoredTensor & { readonly held: Weight },
  perRow: boolean,
): SignedChange {
  const rows = shape[0] as number;
  const columns = to.length / rows;
  const signs = new Float32Array(to.length);
  const sizes = new Float64Array(perRow ? rows : 1);
  for (let at = 0; at < to.length; at++) {
    const change = (to[at] as number) - (from[at] as number);
    signs[at] = change < 0 ? -1 : 1;
    sizes[perRow ? Math.floor(at / columns) : 0]! += Math.abs(change);
  }
  const means = Float32Array.from(sizes, (sum) => (sum * sizes.length) / to.length);
  const matrix = (values: Float32Array, width: number) =>
    engine().tidy(() => {
      const inFile = tensor(values, [values.length / width, width]);
      return engine().keep(transposed ? transpose(inFile) : inFile);
    });
  const [base, signed, start] = [matrix(from, columns), matrix(signs, columns), matrix(means, 1)];
  const factors = engine().tidy(() => variable(ones(start.shape), true));
  const scale = () => mul(start, factors);
  return {
    held,
    weight: weightOf(base, signed, scale),
    factors,
    async scales() {
      const now = engine().tidy(scale);
      const values = await now.data<'float32'>();
      now.dispose();
      return values.slice();
    },
    dispose: () => dispose([base, signed, start, factors]),
  };
}

function weightOf(base: Tensor, signs: Tensor, scale: () => Tensor): Weight {
  const [outDim, inDim] = base.shape as [number, number];
  const read = () => add(base, mul(signs, scale()));
  return {
    inDim,
    outDim,
    bytes: 8 * outDim * inDim,
    matMul: (x) => reshape(matMul(reshape(x, [-1, inDim]), read(), false, true), [...x.shape.slice(0, -1), outDim]),
    rows(ids) {
      const scales = scale();
      return add(lookup(base, ids), mul(lookup(signs, ids), scales.size > 1 ? lookup(scales, ids) : scales));
    },
    read,
    encode: () => {
      throw new Error(
        '[peftjs/delta-distill] a weight in training cannot be replaced; wait until its scales are trained',
      );
    },
    dispose: () => undefined,
  };
}
