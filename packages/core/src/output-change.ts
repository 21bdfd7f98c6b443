// How much a model's output on a probe has changed.
import { engine } from '@peftjs/backend';
import { abs, dispose, max, sub, type Tensor } from '@tensorflow/tfjs-core';

/** The largest difference, relative to the largest number before or to 1. Frees `after`. */
export async function outputChange(before: Tensor, after: Tensor): Promise<number> {
  const sizes = engine().tidy(() => [max(abs(sub(after, before))), max(abs(before))] as const);
  const [off, size] = await Promise.all(sizes.map(async (t) => (await t.data())[0] as number));
  dispose([after, ...sizes]);
  return (off as number) / Math.max(1, size as number);
}
