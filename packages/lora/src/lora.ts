// LoRA (Hu et al., arXiv 2106.09685): y = x W' + s (drop(x) A') B' with A [r, i], B [o, r] and s = alpha / r.
import type { Method } from '@peftjs/core';
import { makeLora } from './make-lora.ts';
import { complete, type LoraOptions } from './options.ts';

/**
 * LoRA, and with `rslora` rsLoRA.
 *
 * @throws when an option is out of its range
 * @example
 * attach(model, lora({ r: 8, alpha: 16, targets: ['q_proj', 'v_proj'] }));
 */
export function lora(options: LoraOptions = {}): Method {
  return makeLora(complete(options), (part) => part);
}
