// BOFT (Liu et al., arXiv 2311.06243) with one butterfly factor: y = s · ((x R) W') + b, R block-diagonal, each block the
// Cayley transform of (M - M') / 2 for a trained M [k, k], and s [o] trained.
import type { Method } from '@peftjs/core';
import { mul, ones, reshape, sub, type Tensor, transpose, zeros } from '@tensorflow/tfjs-core';
import { type BlockOptions, checkBlocks, checkSize, sizeOf } from './block-size.ts';
import { timesBlocks } from './blocks.ts';
import { cayley } from './cayley.ts';
import { rotationPart } from './rotation-part.ts';
import { defaultTargets, type TargetOptions, targetKeys } from './target-options.ts';

/** `blockSize` is 4 when neither is given. */
export interface BoftOptions extends TargetOptions, BlockOptions {}

/**
 * BOFT on linear layers.
 *
 * @throws when an option is out of its range or contradicts another
 * @example
 * attach(model, boft({ blockSize: 8, targets: ['q_proj', 'v_proj'] }));
 */
export function boft(options: BoftOptions = {}): Method {
  checkBlocks(options);
  const size: BlockOptions = options.blocks === undefined ? { blockSize: 4, ...options } : options;
  const targets = defaultTargets(options);
  return {
    type: 'BOFT',
    targets,
    on: {
      linear: rotationPart({
        check: ({ inDim }) => checkSize(size, inDim),
        params({ inDim, outDim }) {
          const k = sizeOf(size, inDim);
          const shape = [1, inDim / k, k, k];
          return {
            m: { file: 'boft_R', shape, init: () => zeros(shape) },
            s: { file: 'boft_s', shape: [outDim, 1], init: () => ones([outDim, 1]) },
          };
        },
        turn(rows, { params }, back) {
          const [, n, k] = (params.m as Tensor).shape as [number, number, number, number];
          const m = reshape(params.m as Tensor, [n, k, k]);
          return timesBlocks(rows, cayley(mul(sub(m, transpose(m, [0, 2, 1])), 0.5)), back);
        },
        scale: ({ params }) => params.s as Tensor,
      }),
    },
    config: (place) => ({
      ...targetKeys(place, targets),
      boft_block_size: size.blocks === undefined ? (size.blockSize as number) : 0,
      boft_block_num: size.blocks ?? 0,
      boft_n_butterfly_factor: 1,
      boft_dropout: 0,
      fan_in_fan_out: false,
      init_weights: true,
      bias: 'none',
    }),
  };
}
