// Prefix tuning (Li and Liang, arXiv 2101.00190): in layer l, attention over [Pₖ; K] and [Pᵥ; V], where Pₖ and Pᵥ [T, g, f]
// are 2l and 2l + 1 of P [T, 2 L, g, f]. With a projection P = W₂ tanh(W₀ E + b₀) + b₂, E [T, g f], W₀ [h, g f].
import type { AttentionSite, Method, Part, Site } from '@peftjs/core';
import { add, concat, ones, reshape, scalar, slice } from '@tensorflow/tfjs-core';
import { everyRow } from './lengthen.ts';
import { EVERYWHERE, PREFIX } from './make-prompt.ts';
import { attentionSites, shapeConfig, theSequence, tooMany } from './model-shape.ts';
import { type PrefixSource, perceptron, table } from './prefix-source.ts';
import { checkSizes } from './prompt-encoder.ts';

export interface PrefixTuningOptions {
  /** T, how many virtual tokens there are. */
  readonly tokens: number;
  /** Learns the prefix through a perceptron; its width is that of all keys of a position when left out. */
  readonly projection?: { readonly hidden?: number };
  /** Starts with keys and values of 0 instead of normal numbers. */
  readonly zero?: boolean;
}

const widthOf = ({ kvHeads, headDim }: AttentionSite) => kvHeads * headDim;

/** @throws when the model has no attention, or keys of several sizes */
function attentionOf(sites: readonly Site[]): { readonly first: AttentionSite; readonly layers: number } {
  const all = attentionSites(sites);
  const [first] = all;
  if (first === undefined)
    throw new Error('[peftjs/prefix-tuning] the model has no attention for a prefix to act on; try an adapter or LoRA');
  const other = all.find((site) => widthOf(site) !== widthOf(first));
  if (other === undefined) return { first, layers: all.length };
  throw new Error(
    `[peftjs/prefix-tuning] keys are ${widthOf(first)} numbers in "${first.path}" and ${widthOf(other)} in "${other.path}"; a prefix needs one size`,
  );
}

function attention({ pair }: PrefixSource, tokens: number): Part<'attention'> {
  return {
    params: () => ({}),
    forward({ x: { q, k, v, mask }, base, shared, index, site }) {
      const { kvHeads: g, headDim: f } = site;
      const b = k.shape[0] as number;
      const both = reshape(pair(shared, index, g * f), [tokens, 2, g, f]);
      const half = (n: number) => everyRow(reshape(slice(both, [0, n, 0, 0], [tokens, 1, g, f]), [tokens, g, f]), b);
      return base({
        q,
        k: concat([half(0), k], 1),
        v: concat([half(1), v], 1),
        mask: concat([ones([b, tokens]), mask], 1),
      });
    },
  };
}

function makePrefix(options: PrefixTuningOptions, source: PrefixSource): Method {
  const { tokens, projection } = options;
  checkSizes({ tokens, hidden: projection?.hidden });
  return {
    type: 'PREFIX_TUNING',
    targets: EVERYWHERE,
    prefix: PREFIX,
    shared(sites) {
      theSequence(sites);
      const { first, layers } = attentionOf(sites);
      return source.specs(widthOf(first), layers);
    },
    ...(source.exported && { exported: source.exported }),
    on: {
      attention: attention(source, tokens),
      sequence: {
        check: (site) => tooMany(tokens, site),
        params: () => ({}),
        forward: ({ x, base }) =>
          base({ ...x, positions: add(x.positions, scalar(tokens, 'int32')), ahead: x.ahead + tokens }),
      },
    },
    config({ sites, task }) {
      const { first } = attentionOf(sites);
      return {
        task_type: task,
        num_virtual_tokens: tokens,
        ...shapeConfig(sites, widthOf(first)),
        num_attention_heads: first.kvHeads,
        prefix_projection: projection !== undefined,
        encoder_hidden_size: projection?.hidden ?? widthOf(first),
        init_weights: options.zero ? 'zero' : null,
      };
    },
  };
}

/**
 * Prefix tuning. A saved adapter holds the prefix that a projection has made, and not the projection.
 *
 * @throws when a size is no whole number above 0
 * @example
 * attach(model, prefixTuning({ tokens: 16, projection: { hidden: 128 } }));
 */
export function prefixTuning(options: PrefixTuningOptions): Method {
  return makePrefix(options, options.projection ? perceptron(options) : table(options));
}

/** Prefix tuning as its files have it: the projection's work done, the prefix in its place. */
export function projectedPrefixTuning(options: PrefixTuningOptions): Method {
  return makePrefix(options, table(options));
}
