// LoRA with a bias c [o] on B: y = x W' + s (drop(x) A' B' + c).
import type { Method } from '@peftjs/core';
import { add, mul, type Tensor } from '@tensorflow/tfjs-core';
import { zero } from './initializers.ts';
import { makeLora, type Variant } from './make-lora.ts';
import { complete, type LoraOptions } from './options.ts';

const biased: Variant = (part) => ({
  ...part,
  check: (site) => (site.kind === 'embedding' ? 'a table takes no bias; leave it out' : part.check?.(site)),
  params: (site) => ({
    ...part.params(site),
    upBias: { file: 'lora_B.bias', shape: [site.weight.outDim], init: zero },
  }),
  affine(args) {
    const change = part.affine(args);
    const own = 'bias' in args.site && args.site.bias;
    const offset = mul(args.params.upBias as Tensor, change.terms?.[0]?.scale as number);
    return { ...change, bias: own ? add(own, offset) : offset };
  },
});

/**
 * LoRA whose B has a bias, which counts as often as the update: PEFT's `lora_bias`.
 *
 * @throws when an option is out of its range, or `init` is another than `kaiming`
 * @example
 * attach(model, loraWithBias({ r: 8, alpha: 16, targets: ['q_proj', 'v_proj'] }));
 */
export function loraWithBias(options: Omit<LoraOptions, 'bias'> = {}): Method {
  const config = complete(options);
  if (typeof config.init.name !== 'boolean') {
    throw new Error(`[peftjs/lora] B has no bias where init is "${config.init.name}"; leave init out`);
  }
  const method = makeLora(config, biased);
  return { ...method, config: (place) => ({ ...method.config(place), lora_bias: true }) };
}
