// Methods that put a prompt in front of the tokens' embeddings: [P; E(ids)], where P [T, d] is learned.
import type { ForwardArgs, Json, Method, ParamSpecs, Site, Tensors } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { lengthen } from './lengthen.ts';
import { shapeConfig, theSequence, tooMany } from './model-shape.ts';
import { checkSizes } from './prompt-encoder.ts';

/** What tells one of them from another. */
export interface Prompt {
  /** PEFT's `peft_type`. */
  readonly type: string;
  readonly tokens: number;
  /** @param dim d */
  specs(dim: number, model: readonly Site[]): ParamSpecs;
  /** P, [T, d] for all rows or [b, T, d]. */
  embed(shared: Tensors, args: ForwardArgs<'sequence'>): Tensor;
  exported?(shared: Tensors): Tensors;
  config(dim: number): Readonly<Record<string, Json>>;
}

/** Every site of the kinds that a method has parts for: PEFT's prompts have no targets. */
export const EVERYWHERE: Method['targets'] = { modules: /.*/, optional: true };

/** What stands before the path of a module in the files of these methods. */
export const PREFIX = 'base_model.';

/** @throws when the number of virtual tokens is no whole number above 0 */
export function makePrompt({ type, tokens, specs, embed, exported, config }: Prompt): Method {
  checkSizes({ tokens });
  return {
    type,
    targets: EVERYWHERE,
    prefix: PREFIX,
    shared: (sites, model) => specs(theSequence(sites).dim, model),
    ...(exported && { exported }),
    on: {
      sequence: {
        virtualTokens: tokens,
        check: (site) => tooMany(tokens, site),
        params: () => ({}),
        forward: (args) => args.base(args.x.past > 0 ? args.x : lengthen(args.x, embed(args.shared, args))),
      },
    },
    config({ sites, model, task }) {
      const { dim } = theSequence(sites);
      return { task_type: task, num_virtual_tokens: tokens, ...shapeConfig(model, dim), ...config(dim) };
    },
  };
}
