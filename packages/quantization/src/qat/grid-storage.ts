// Numbers of a grid, held in float32: what a model would say in few bits, measured before it is in any.
import { engine } from '@peftjs/backend';
import { dense, type Storage, type Weight } from '@peftjs/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { checkGrid, type Grid, misfit, roundToGrid } from './grid.ts';
import { numbersOnGrid } from './grid-numbers.ts';

/**
 * @throws when an option is out of its range; in storing, when groups do not divide the inputs
 * @example
 * const { change } = await storeWeights(model, gridStorage({ bits: 3, group: 64 }), { probe: () => model.logits(batch) });
 */
export function gridStorage(grid: Grid): Storage {
  checkGrid(grid);
  const checkShape = (shape: readonly number[]) => {
    const problem = misfit(shape[1] as number, grid);
    if (problem) throw new Error(`[peftjs/quantization] a matrix [${shape}]: ${problem}`);
  };
  const hold = (matrix: Tensor): Weight => {
    checkShape(matrix.shape);
    const { variable: _, ...weight } = dense(roundToGrid(matrix, grid));
    return { ...weight, encode: (other) => engine().tidy(() => hold(other)) };
  };
  const store = (values: Float32Array, outDim: number, inDim: number) =>
    engine().tidy(() => hold(tensor(values, [outDim, inDim])));
  const rounded = (values: Float32Array, outDim: number, inDim: number) => {
    checkShape([outDim, inDim]);
    return numbersOnGrid(values, inDim, grid);
  };
  return Object.assign(store, { rounded });
}
