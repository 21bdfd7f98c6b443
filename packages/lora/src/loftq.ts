// LoftQ (Li et al., arXiv 2310.08659): the weight goes into a storage of few bits, and A and B start as the strongest
// directions of what that loses, W ≈ Q + s B A, with Q = store(W - s B A) in turns with the SVD of W - Q.
import { fromWeight, type Storage, type Weight, type WeightSite } from '@peftjs/core';
import { Matrix } from 'ml-matrix';
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

export interface LoftqOptions {
  /** How often the weight is stored, each time followed by an SVD; 1 when left out. */
  readonly iterations?: number;
  /** The storage in PEFT's words, for its configuration: 4 is its NF4, 8 its int8; 4 when left out. */
  readonly bits?: 4 | 8;
}

/** What a storage makes of a matrix. */
function stored(matrix: Matrix, storage: Storage): Matrix {
  const { rows, columns } = matrix;
  const args = [Float32Array.from(matrix.to1DArray()), rows, columns] as const;
  return Matrix.from1DArray(rows, columns, storage.rounded?.(...args) ?? readAtOnce(storage(...args)));
}

function readAtOnce(weight: Weight): Float32Array {
  const read = weight.read();
  weight.dispose();
  try {
    return read.dataSync<'float32'>();
  } finally {
    read.dispose();
  }
}

/**
 * Starts LoRA from what a storage loses, and puts the weight into the storage. The model is loaded in float32, or in what its
 * file has; an adapter is read with the same storage, over the same file.
 *
 * @throws when `iterations` is no whole number above 0; in attaching, where the storage loses nothing
 * @example
 * attach(model, lora({ r: 8, init: loftq(nf4(), { iterations: 5 }) }));
 */
export function loftq(storage: Storage, { iterations = 1, bits = 4 }: LoftqOptions = {}): MatrixInitializer {
  if (!(Number.isInteger(iterations) && iterations > 0)) {
    throw new Error(`[peftjs/lora] iterations is ${iterations}; give a whole number above 0`);
  }
  const config = { loftq_config: { loftq_bits: bits, loftq_iter: iterations } };
  const startingFrom = (read: Numbers): MatrixInitializer => ({
    ...kaiming,
    name: 'loftq',
    config,
    check,
    start: fromWeight((site: WeightSite, r: number, scale: number) => {
      if (site.kind !== 'linear') return null;
      const whole = matrixOf(site, 'loftq(…)', read);
      let last = whole;
      for (let k = 1; ; k++) {
        const lost = Matrix.sub(whole, stored(last, storage));
        if (lost.max() === 0 && lost.min() === 0) {
          throw new Error(
            `[peftjs/lora] the weight of "${site.path}" loses nothing in this storage, and LoftQ starts from what is lost; load the model in float32`,
          );
        }
        const [a, b] = principal(lost, r, scale);
        if (k === iterations) {
          return { params: { a: toTensor(a), b: toTensor(b) }, weight: toTensor(last), storage };
        }
        last = Matrix.sub(whole, b.mmul(a).mul(scale));
      }
    }),
    prepare: async (host, targets) => startingFrom(await readNumbers(host, targets)),
  });
  return startingFrom(new Map());
}
