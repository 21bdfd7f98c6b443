// OFT (Qiu et al., arXiv 2306.07280; the input-centric form of arXiv 2506.19847): y = (x R) W' + b, R block-diagonal and
// orthogonal by the Cayley transform of skew-symmetric blocks Q [k, k], of which the upper triangles are trained.
import type { Method } from '@peftjs/core';
import { type Tensor, zeros } from '@tensorflow/tfjs-core';
import { type BlockOptions, checkBlocks, checkSize, sizeOf } from './block-size.ts';
import { skew, timesBlocks } from './blocks.ts';
import { cayley, cayleySeries } from './cayley.ts';
import { rotationPart } from './rotation-part.ts';
import { defaultTargets, type TargetOptions, targetKeys } from './target-options.ts';

/** `blockSize` is 32 when neither is given. */
export interface OftOptions extends TargetOptions, BlockOptions {
  /** One block for all of a layer's inputs; false when left out. */
  readonly shared?: boolean;
  /** Terms of the series that stands for the Cayley transform, or `exact`; 5 when left out. */
  readonly terms?: number | 'exact';
}

/** The first PEFT whose series has these terms. It warns of an adapter that does not say it is as new. */
const SERIES_SINCE = '0.18.0';

/**
 * OFT on linear layers.
 *
 * @throws when an option is out of its range or contradicts another
 * @example
 * attach(model, oft({ blockSize: 16, targets: ['q_proj', 'v_proj'] }));
 */
export function oft(options: OftOptions = {}): Method {
  checkBlocks(options);
  const { shared = false, terms = 5 } = options;
  const size: BlockOptions = options.blocks === undefined ? { blockSize: 32, ...options } : options;
  if (terms !== 'exact' && !(Number.isInteger(terms) && terms > 1)) {
    throw new Error(`[peftjs/orthogonal] terms is ${terms}; give a whole number above 1, or "exact"`);
  }
  const targets = defaultTargets(options);
  return {
    type: 'OFT',
    targets,
    on: {
      linear: rotationPart({
        check: ({ inDim }) => checkSize(size, inDim),
        params({ inDim }) {
          const k = sizeOf(size, inDim);
          const shape = [shared ? 1 : inDim / k, (k * (k - 1)) / 2];
          return { q: { file: 'oft_R.weight', shape, init: () => zeros(shape) } };
        },
        turn(rows, { site, params }, back) {
          const q = skew(params.q as Tensor, sizeOf(size, site.inDim));
          return timesBlocks(rows, terms === 'exact' ? cayley(q) : cayleySeries(q, terms), back);
        },
      }),
    },
    config: (place) => ({
      ...targetKeys(place, targets),
      r: size.blocks ?? 0,
      oft_block_size: size.blocks === undefined ? (size.blockSize as number) : 0,
      block_share: shared,
      use_cayley_neumann: terms !== 'exact',
      ...(terms !== 'exact' && { peft_version: SERIES_SINCE }),
      num_cayley_neumann_terms: terms === 'exact' ? 5 : terms,
      module_dropout: 0,
      coft: false,
      eps: 6e-5,
      fan_in_fan_out: false,
      init_weights: true,
      bias: 'none',
    }),
  };
}
