// The line that says how little is trained.
import type { Trainable } from './adapter.ts';
import type { Host } from './host.ts';

/** Numbers in the base, each weight once however many sites share it. */
export function countParameters(host: Host): number {
  const counted = new Set<object>();
  const once = (held: object | null, size: number) => {
    if (held === null || counted.has(held)) return 0;
    counted.add(held);
    return size;
  };
  let total = 0;
  for (const site of host.sites()) {
    if (site.kind === 'linear') total += once(site.bias, site.outDim);
    if (site.kind === 'linear' || site.kind === 'embedding')
      total += once(site.weight, site.weight.outDim * site.weight.inDim);
    if (site.kind === 'norm') total += once(site.gamma, site.dim) + once(site.beta, site.dim);
  }
  return total;
}

/** `trainable params: 460,800 || all params: 134,975,808 || trainable%: 0.3414`, as PEFT prints it. */
export function summarize({ parameters }: Trainable, baseParameters: number): string {
  const count = (all: boolean) => parameters.reduce((n, p) => n + (all || p.trainable ? p.variable.size : 0), 0);
  const trainable = count(false);
  const all = baseParameters + count(true);
  const format = (n: number) => n.toLocaleString('en-US');
  return `trainable params: ${format(trainable)} || all params: ${format(all)} || trainable%: ${((100 * trainable) / all).toFixed(4)}`;
}
