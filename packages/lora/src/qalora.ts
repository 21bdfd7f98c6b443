// QA-LoRA (Xu et al., arXiv 2309.14717): y = x W' + b + s (mean_g(drop(x)) A') B' i / g, with A [r, i / g] on the means of groups
// of g inputs. The change is one number for each group of a row, so that weights which keep a minimum for each group take it in.
import type { LinearSite, Method, Term } from '@peftjs/core';
import { fill, mul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { makeLora, type Variant } from './make-lora.ts';
import { complete, type LoraOptions } from './options.ts';

export interface QaloraOptions extends Omit<LoraOptions, 'bias'> {
  /** Inputs that share a column of A, one after the other; 16 when left out. That of the storage that it is to be merged into. */
  readonly group?: number;
}

/** A's columns [r, i / g], each for the inputs of its group, [r, i]; i / g times their mean, as PEFT has it. */
function spread(a: Tensor, group: number): Tensor {
  const [r, groups] = a.shape as [number, number];
  return reshape(mul(reshape(a, [r, groups, 1]), fill([1, 1, group], groups / group)), [r, groups * group]);
}

const pooled =
  (group: number): Variant =>
  (part) => ({
    ...part,
    check(site) {
      const inDim = site.weight.inDim;
      if (inDim % group) return `groups of ${group} do not divide its ${inDim} inputs; take another group`;
      return part.check?.(site);
    },
    params(site) {
      const { a, ...rest } = part.params(site);
      const groups = (site as LinearSite).inDim / group;
      return { a: { ...(a as NonNullable<typeof a>), shape: [a?.shape[0] as number, groups] }, ...rest };
    },
    affine(args) {
      const change = part.affine(args);
      const [term] = change.terms as [Term];
      return { ...change, terms: [{ ...term, a: spread(term.a, group) }] };
    },
  });

/**
 * QA-LoRA on linear layers. Merged into weights of few bits with a minimum for each group of the same size, it moves the
 * minima and leaves the codes as they are.
 *
 * @throws when an option is out of its range, or `init` changes the base
 * @example
 * attach(model, qalora({ r: 8, group: 32, targets: ['q_proj', 'v_proj'] }));
 */
export function qalora({ group = 16, ...options }: QaloraOptions = {}): Method {
  if (!(Number.isInteger(group) && group > 0)) {
    throw new Error(`[peftjs/lora] group is ${group}; give a whole number above 0`);
  }
  const config = complete(options);
  if (config.init.start) {
    throw new Error(
      `[peftjs/lora] init "${config.init.name}" starts A at single inputs, and QA-LoRA has groups; leave it out`,
    );
  }
  const { on, ...method } = makeLora(config, pooled(group));
  return {
    ...method,
    on: { linear: on.linear as NonNullable<typeof on.linear> },
    config: (place) => ({ ...method.config(place), use_qalora: true, qalora_group_size: group }),
  };
}
