// aLoRA (Greenewald et al., arXiv 2504.12397): LoRA that counts only from the last invocation on, a sequence of tokens that
// wakes it. What comes before is computed by the base alone, so that a key-value cache of it serves every adapter.
import type { Context, Method, Part, Tokens } from '@peftjs/core';
import { add, mul, sub, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { makeLora } from './make-lora.ts';
import { complete, type LoraOptions } from './options.ts';

export interface AloraOptions extends Omit<LoraOptions, 'bias'> {
  /** The tokens that wake it, as the tokenizer gives them. */
  readonly invocation: readonly number[];
}

/** Where the last invocation of a row begins; past its end where there is none. */
export function wokenAt({ ids, shape: [, s] }: Tokens, row: number, invocation: readonly number[]): number {
  for (let at = s - invocation.length; at >= 0; at--) {
    if (invocation.every((id, k) => ids[row * s + at + k] === id)) return at;
  }
  return s;
}

/** 1 for each position of x that is awake, [b, t, 1]; of one number a row, whether it has been woken, [b, 1]. */
function awake(x: Tensor, { tokens }: Context, invocation: readonly number[]): Tensor {
  if (tokens === undefined) {
    throw new Error('[peftjs/lora] aLoRA looks for its invocation among tokens, and this model reads none; use lora()');
  }
  const [b, s] = tokens.shape;
  const t = x.rank === 2 ? 1 : (x.shape[1] as number);
  // Virtual tokens may lie in front of the first.
  const first = s - t;
  const rows = Array.from({ length: b }, (_, row) => wokenAt(tokens, row, invocation));
  const values = Float32Array.from({ length: b * t }, (_, k) => {
    const at = rows[Math.floor(k / t)] as number;
    return at < s && (x.rank === 2 || first + (k % t) >= at) ? 1 : 0;
  });
  return tensor(values, x.rank === 2 ? [b, 1] : [b, t, 1]);
}

function gated(part: Part<'linear'>, invocation: readonly number[]): Part<'linear'> {
  const { fold: _, ...rest } = part;
  return {
    ...rest,
    forward(args) {
      const { x, base, ctx } = args;
      const mask = awake(x, ctx, invocation);
      const y = base(x);
      const adapted = part.forward({ ...args, base: (input) => (input === x ? y : base(input)) });
      return add(y, mul(sub(adapted, y), mask));
    },
  };
}

/**
 * aLoRA on the linear layers of a model that reads tokens. It cannot be merged.
 *
 * @throws when there is no invocation, an option is out of its range, or `init` changes the base
 * @example
 * attach(model, alora({ r: 8, invocation: model.tokenizer.encode('Judge:'), targets: ['q_proj', 'v_proj'] }));
 */
export function alora({ invocation, ...options }: AloraOptions): Method {
  if (!(invocation.length > 0 && invocation.every((id) => Number.isInteger(id) && id >= 0))) {
    throw new Error(`[peftjs/lora] the invocation is [${invocation}]; give at least one token id`);
  }
  const config = complete(options);
  if (config.init.start) {
    throw new Error(
      `[peftjs/lora] init "${config.init.name}" changes the base, which aLoRA leaves as it is; leave it out`,
    );
  }
  const method = makeLora(config, (part) => part);
  return {
    ...method,
    on: { linear: gated(method.on.linear as Part<'linear'>, invocation) },
    // PEFT warns of aLoRA for any task but that of a language model.
    config: (place) => ({ ...method.config(place), task_type: place.task, alora_invocation_tokens: invocation }),
  };
}
