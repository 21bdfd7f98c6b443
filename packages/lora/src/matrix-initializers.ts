// Initializers that start from the weight's own strongest directions, and leave the rest to the base.
import {
  fromWeight,
  type Host,
  type LinearSite,
  selectSites,
  type Targets,
  type Weight,
  type WeightSite,
} from '@peftjs/core';
import { matMul, mul, sub, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { type Initializer, kaiming } from './initializers.ts';

/** An initializer that looks at the weight. */
export interface MatrixInitializer extends Initializer {
  /**
   * The same, with the numbers of the linear layers that are named read beforehand and held: what `attach` needs on a backend that
   * gives no numbers at once, as WebGPU in Node. `restore` does it by itself.
   */
  prepare(host: Host, targets: Targets): Promise<MatrixInitializer>;
}

/** A and B of a matrix [o, i]; what is left of it is W - s B A. */
type Split = (w: Matrix, r: number, scale: number) => readonly [a: Matrix, b: Matrix];

export type Numbers = ReadonlyMap<Weight, Float32Array>;

/** The numbers of the linear layers that are named. */
export async function readNumbers(host: Host, targets: Targets): Promise<Numbers> {
  const numbers = new Map<Weight, Float32Array>();
  const sites = selectSites(host.sites(), { ...targets, optional: true }, new Set(['linear']), false);
  for (const { weight } of sites as LinearSite[]) {
    const values = weight.read();
    numbers.set(weight, (await values.data()) as Float32Array);
    values.dispose();
  }
  return numbers;
}

export function matrixOf(site: LinearSite, name: string, read: Numbers): Matrix {
  return Matrix.from1DArray(site.outDim, site.inDim, numbersOf(site, name, read));
}

/** [o, i]. @param read what has been read of it beforehand, if it has */
export function numbersOf(site: LinearSite, name: string, read: Numbers): Float32Array {
  return read.get(site.weight) ?? readAtOnce(site, name);
}

function readAtOnce({ weight, path }: LinearSite, name: string): Float32Array {
  const values = weight.read();
  try {
    return values.dataSync() as Float32Array;
  } catch (cause) {
    throw new Error(
      `[peftjs/lora] the weight of "${path}" cannot be read at once on this backend; give lora "init: await ${name}.prepare(model, { modules })"`,
      { cause },
    );
  } finally {
    values.dispose();
  }
}

/** Linear layers start from their weight, tables as ever; convolutions not at all, as in PEFT. */
export const check: NonNullable<Initializer['check']> = (site) =>
  site.kind === 'conv' ? 'its start needs a linear layer; leave init out' : null;

/** A and B of a matrix's r largest singular directions, each with a square root of its share. */
export function principal(matrix: Matrix, r: number, scale: number): readonly [a: Matrix, b: Matrix] {
  const svd = new SingularValueDecomposition(matrix, { autoTranspose: true });
  const roots = svd.diagonal.slice(0, r).map((s) => Math.sqrt(s / scale));
  const first = (m: Matrix) => m.subMatrix(0, m.rows - 1, 0, r - 1).mulRowVector(roots);
  return [first(svd.rightSingularVectors).transpose(), first(svd.leftSingularVectors)];
}

export const toTensor = (m: Matrix): Tensor2D => tensor2d(Float32Array.from(m.to1DArray()), [m.rows, m.columns]);

function startingFrom(name: string, split: Split, read: Numbers = new Map()): MatrixInitializer {
  return {
    ...kaiming,
    name,
    check,
    start: fromWeight((site: WeightSite, r: number, scale: number) => {
      if (site.kind !== 'linear') return null;
      const [a, b] = split(matrixOf(site, name, read), r, scale).map(toTensor) as [Tensor2D, Tensor2D];
      return { params: { a, b }, weight: sub(site.weight.read(), mul(matMul(b, a), scale)) };
    }),
    prepare: async (host, targets) => startingFrom(name, split, await readNumbers(host, targets)),
  };
}

/**
 * PiSSA (Meng et al., arXiv 2404.02948): A and B start as the r largest singular directions of W, W keeps the others.
 * Give it to `lora` as `init`, and to `readLora` where such an adapter is loaded.
 */
export const pissa: MatrixInitializer = startingFrom('pissa', principal);

/** OLoRA (Büyükakyüz, arXiv 2406.01775): A and B start as the first r rows of R and columns of Q in W = Q R; R = Q' W. */
export const olora: MatrixInitializer = startingFrom('olora', (w, r) => {
  const square = w.subMatrix(0, w.rows - 1, 0, Math.min(w.rows, w.columns) - 1);
  const q = new QrDecomposition(square).orthogonalMatrix.subMatrix(0, w.rows - 1, 0, r - 1);
  return [q.transpose().mmul(w), q];
});
