// Small products of few terms: tfjs gives each number of theirs a workgroup of 256 lanes that sums in nine steps, most of the
// lanes over nothing. In software that takes a hundred times as long as tiles do.
import { env, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';

const FLAG = 'WEBGPU_MATMUL_PROGRAM_TYPE';
/** tfjs's `MatMulSmallOutputSizeProgram`. */
const SMALL_TILES = 2;
/** Terms from which the lanes have enough to do. */
const MANY = 64;
/** Numbers of a result up to which tfjs sums with whole workgroups. */
const SMALL = 128;

export function shortProduct(shipped: KernelFunc): KernelFunc {
  return (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = args.attrs as { transposeA: boolean; transposeB: boolean };
    const side = (x: TensorInfo, place: number): number => x.shape.at(place) as number;
    const terms = side(a, transposeA ? -2 : -1);
    const matrices = [a, b].map(({ shape }) => shape.slice(0, -2).reduce((n, d) => n * d, 1));
    const size = Math.max(...matrices) * side(a, transposeA ? -1 : -2) * side(b, transposeB ? -2 : -1);
    if (terms >= MANY || size > SMALL || env().getNumber(FLAG) >= 0) return shipped(args);
    env().set(FLAG, SMALL_TILES);
    try {
      return shipped(args);
    } finally {
      env().set(FLAG, -1);
    }
  };
}
