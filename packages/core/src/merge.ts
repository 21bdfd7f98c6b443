// Folds an adapter into the weights it acts on, and checks on a probe that the model still says the same.
import { engine } from '@peftjs/backend';
import { abs, max, sub, type Tensor, variable } from '@tensorflow/tfjs-core';
import type { Adapter, Attachment } from './adapter.ts';
import { changeWeight } from './change-weight.ts';
import type { Host, Undo } from './host.ts';
import type { Folded } from './method.ts';
import { adaptersOf } from './registry.ts';
import type { EmbeddingSite, LinearSite } from './site.ts';

export interface MergeOptions {
  /** The model's output on some input, run before and after. Without it nothing is checked. */
  readonly probe?: () => Tensor;
  /** The most that the output may change, relative to its largest number (at least 1); 1e-4 when left out. */
  readonly tolerance?: number;
}

/**
 * Folds an adapter into the base's weights and switches it off.
 *
 * @returns what unmerges: the weights from before, bit for bit
 * @throws before anything is changed, when the method cannot be merged or another adapter lies beneath; and with
 *   everything put back, when the probe's output changes by more than `tolerance`
 * @example
 * const unmerge = await merge(notes, { probe: () => model.forward(batch).logits });
 */
export async function merge(adapter: Adapter, options: MergeOptions = {}): Promise<Undo> {
  const { probe, tolerance = 1e-4 } = options;
  for (const attachment of adapter.attachments) checkMergeable(adapter, attachment);
  const before = probe?.();
  const undos: Undo[] = [];
  const unmerge = () => {
    for (const undo of undos.splice(0).reverse()) undo();
    adapter.active = true;
  };
  for (const attachment of adapter.attachments) undos.push(foldOne(adapter.host, attachment));
  adapter.active = false;
  if (probe === undefined || before === undefined) return unmerge;
  const after = probe();
  const change = engine().tidy(() => [max(abs(sub(after, before))), max(abs(before))] as const);
  const [off, size] = await Promise.all(change.map(async (t) => (await t.data())[0] as number));
  for (const t of [before, after, ...change]) t.dispose();
  const error = (off as number) / Math.max(1, size as number);
  if (error <= tolerance) return unmerge;
  unmerge();
  throw new Error(
    `[peftjs/core] merging "${adapter.name}" changes the model's output by ${error.toExponential(2)}, over the tolerance of ${tolerance}; ` +
      'nothing was merged. Keep the adapter apart, or allow a larger tolerance',
  );
}

function checkMergeable(adapter: Adapter, { method, site, part }: Attachment): void {
  if (part.fold === undefined) {
    throw new Error(`[peftjs/core] ${method.type} at "${site.path}" cannot be merged; keep the adapter apart`);
  }
  for (const other of adaptersOf(adapter.host)) {
    const meets = other.attachments.find((a) => a.site === site);
    if (other === adapter || meets === undefined) continue;
    const beneath = adaptersOf(adapter.host).indexOf(other) < adaptersOf(adapter.host).indexOf(adapter);
    if (beneath && other.active) {
      throw new Error(
        `[peftjs/core] "${other.name}" lies beneath "${adapter.name}" at "${site.path}"; merge or detach it first`,
      );
    }
    if (!beneath && meets.part.derive !== undefined) {
      throw new Error(
        `[peftjs/core] "${other.name}" at "${site.path}" reads the weight that merging would change; detach it first`,
      );
    }
  }
}

function foldOne(host: Host, { site, part, params, derived }: Attachment): Undo {
  const place = site as LinearSite | EmbeddingSite;
  const own = place.kind === 'linear' ? place.bias : null;
  const { weight, bias } = engine().tidy(() => {
    const folded = part.fold?.({ site, params, derived, weight: place.weight.read(), bias: own }) as Folded;
    const rebiased = folded.bias !== own && folded.bias !== null;
    return {
      weight: place.weight.encode(folded.weight),
      bias: rebiased ? variable(folded.bias as Tensor, false) : undefined,
    };
  });
  return changeWeight(host, place, weight, bias);
}
