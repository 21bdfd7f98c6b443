// What methods add to the loss.
import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { Trainable } from './adapter.ts';
import type { Host } from './host.ts';
import { adaptersOf } from './registry.ts';

/**
 * The sum of the penalties of the adapters that are active and trained, to be added to the mean loss; null where no
 * method has any.
 *
 * @param trainable what is trained; all that is active when left out
 */
export function penalty(host: Host, trainable?: Trainable): Tensor | null {
  const terms = adaptersOf(host)
    .filter((adapter) => (trainable === undefined ? adapter.active : adapter === trainable))
    .flatMap(({ methods, attachments }) =>
      methods.flatMap((method) => {
        const params = attachments.filter((a) => a.method === method).map((a) => a.params);
        return method.penalty ? [method.penalty(params)] : [];
      }),
    );
  return terms.length ? terms.reduce((sum, term) => add(sum, term)) : null;
}
