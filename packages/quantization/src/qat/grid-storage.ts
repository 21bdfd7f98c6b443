// Numbers of a grid, held in float32: what a model would say in few bits, measured before it is in any.
import { engine } from '@peftjs/backend';
import { dense, type Storage, type Weight } from '@peftjs/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { checkGrid, type Grid, misfit, roundToGrid } from './grid.ts';

/**
 * @throws when an option is out of its range; in storing, when groups do not divide the inputs
 * @example
 * const { change } = await storeWeights(model, gridStorage({ bits: 3, group: 64 }), { probe: () => model.logits(batch) });
 */
export function gridStorage(grid: Grid): Storage {
  checkGrid(grid);
  const hold = (matrix: Tensor): Weight => {
    const problem = misfit(matrix.shape[1] as number, grid);
    if (problem) throw new Error(`[peftjs/quantization] a matrix [${matrix.shape}]: ${problem}`);
    const { variable: _, ...weight } = dense(roundToGrid(matrix, grid));
    return { ...weight, encode: (other) => engine().tidy(() => hold(other)) };
  };
  return (values, outDim, inDim) => engine().tidy(() => hold(tensor(values, [outDim, inDim])));
}
