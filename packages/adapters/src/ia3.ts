// (IA)3 (Liu et al., arXiv 2205.05638): keys and values are scaled as they come out, y = l · (x W' + b) with l [o], and the
// input of the feed-forward's last layer as it goes in, y = (l · x) W' + b with l [i]. Convolutions likewise, a channel each.
import { type Method, type Part, type PartArgs, ruleJson, type Targets } from '@peftjs/core';
import { mul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { isFeedforward, modulesJson, type ScaledSite } from './feedforward.ts';
import { one } from './initializers.ts';

export interface Ia3Options {
  /** Which layers; keys, values and the feed-forward's last when left out. */
  readonly targets?: Targets['modules'];
  /** Which of them are scaled at their input; the feed-forward's last when left out. */
  readonly feedforward?: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
}

const FEEDFORWARD = ['mlp.down'];
const TARGETS = ['attn.k', 'attn.v', ...FEEDFORWARD];

/** W [o, i k] with its columns scaled, k to each. */
function scaleColumns(weight: Tensor, l: Tensor): Tensor {
  return reshape(mul(reshape(weight, [weight.shape[0] as number, l.size, -1]), reshape(l, [-1, 1])), weight.shape);
}

/** The same for both kinds, as channels come last: one vector, `in` [i] or `out` [o]. */
function scalingPart<K extends 'linear' | 'conv'>(feedforward: Targets['modules']): Part<K> {
  const vectors = ({ params }: PartArgs<K>) => ({
    in: params.in && reshape(params.in, [-1]),
    out: params.out && reshape(params.out, [-1]),
  });
  return {
    params(site: ScaledSite) {
      const isInput = isFeedforward(site, feedforward);
      const n = isInput ? site.inDim : site.outDim;
      const shape = site.kind === 'conv' ? [1, n, 1, 1] : isInput ? [1, n] : [n, 1];
      return { [isInput ? 'in' : 'out']: { file: 'ia3_l', shape, init: one } };
    },
    forward(args) {
      const { x, base } = args as { x: Tensor; base: (x: Tensor) => Tensor };
      const l = vectors(args);
      const y = base(l.in ? mul(x, l.in) : x);
      return l.out ? mul(y, l.out) : y;
    },
    fold(args) {
      const { weight, bias } = args;
      const l = vectors(args);
      if (l.in) return { weight: scaleColumns(weight, l.in), bias };
      return { weight: mul(weight, reshape(l.out as Tensor, [-1, 1])), bias: bias && mul(bias, l.out as Tensor) };
    },
  };
}

/**
 * (IA)3 on a model's layers.
 *
 * @throws when feed-forward names are not among the targets
 * @example
 * attach(model, ia3());
 */
export function ia3(options: Ia3Options = {}): Method {
  const { targets = TARGETS, feedforward = FEEDFORWARD, exclude, layers } = options;
  const lost =
    options.feedforward && Array.isArray(feedforward) && Array.isArray(targets)
      ? (feedforward as readonly string[]).find((name) => !targets.includes(name))
      : undefined;
  if (lost !== undefined) {
    throw new Error(
      `[peftjs/adapters] feedforward has "${lost}", which is none of the targets; name it in both, or in neither`,
    );
  }
  return {
    type: 'IA3',
    targets: { modules: targets, exclude, layers },
    on: { linear: scalingPart<'linear'>(feedforward), conv: scalingPart<'conv'>(feedforward) },
    config: (place) => ({
      ...modulesJson(place, feedforward, (layers?.length ?? 0) > 0),
      exclude_modules: ruleJson(exclude),
      init_ia3_weights: true,
      fan_in_fan_out: place.sites.some((site) => site.kind === 'linear' && site.transposed),
    }),
  };
}
