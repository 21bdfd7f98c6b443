// The line that says how little is trained.
import type { Trainable } from './adapter.ts';
import type { Host } from './host.ts';
import type { LinearSite, NormSite } from './site.ts';

/** Whatever a site may hold. */
type Held = Partial<Pick<LinearSite, 'weight' | 'bias'> & Pick<NormSite, 'gamma' | 'beta'>>;

/** Numbers in the base, each weight once however many sites share it. */
export function countParameters(host: Host): number {
  let count = 0;
  const sites = host.sites() as readonly Held[];
  const held = sites.flatMap(({ weight, bias, gamma, beta }) => [weight, bias, gamma, beta]);
  for (const one of new Set([...held, ...(host.others?.() ?? [])]))
    if (one) count += 'inDim' in one ? one.outDim * one.inDim : one.size;
  return count;
}

/** `trainable params: 460,800 || all params: 134,975,808 || trainable%: 0.3414`, as PEFT prints it: without its buffers. */
export function summarize({ parameters }: Trainable, baseParameters: number): string {
  let trainable = 0;
  let all = baseParameters;
  for (const { variable, trainable: trains, saved } of parameters) {
    if (saved || trains) all += variable.size;
    if (trains) trainable += variable.size;
  }
  const format = (n: number) => n.toLocaleString('en-US');
  return `trainable params: ${format(trainable)} || all params: ${format(all)} || trainable%: ${((100 * trainable) / all).toFixed(4)}`;
}
