// The line that says how little is trained.
import type { Trainable } from './adapter.ts';
import type { Host } from './host.ts';
import type { LinearSite, NormSite } from './site.ts';

/** Numbers in the base, each weight once however many sites share it. */
export function countParameters(host: Host): number {
  const sizes = new Map<object, number>();
  for (const site of host.sites()) {
    const { weight, bias, gamma, beta } = site as { [K in Held]?: HeldBy[K] };
    if (weight) sizes.set(weight, weight.outDim * weight.inDim);
    for (const vector of [bias, gamma, beta]) if (vector) sizes.set(vector, vector.size);
  }
  return total(sizes.values());
}

type HeldBy = LinearSite & Omit<NormSite, 'kind'>;
type Held = 'weight' | 'bias' | 'gamma' | 'beta';

function total(sizes: Iterable<number>): number {
  let sum = 0;
  for (const size of sizes) sum += size;
  return sum;
}

/** `trainable params: 460,800 || all params: 134,975,808 || trainable%: 0.3414`, as PEFT prints it. */
export function summarize({ parameters }: Trainable, baseParameters: number): string {
  const trainable = total(parameters.map((p) => (p.trainable ? p.variable.size : 0)));
  const all = baseParameters + total(parameters.map((p) => p.variable.size));
  const format = (n: number) => n.toLocaleString('en-US');
  return `trainable params: ${format(trainable)} || all params: ${format(all)} || trainable%: ${((100 * trainable) / all).toFixed(4)}`;
}
