// Folds an adapter into the weights it acts on, and checks on a probe that the model still says the same.
import { engine } from '@peftjs/backend';
import { add, dispose, mul, type Scalar, sub, type Tensor, type Variable, variable } from '@tensorflow/tfjs-core';
import type { Adapter, Attachment } from './adapter.ts';
import { assertOnTop, refresh } from './change-weight.ts';
import { biasOf, type Held, type HoldingSite, heldBy, holdLike, readHeld, setHeld } from './held.ts';
import type { Host, Undo } from './host.ts';
import { assertBiasUnread, assertMergeable } from './mergeable.ts';
import type { Folded } from './method.ts';
import { outputChange } from './output-change.ts';
import { assertIdle } from './registry.ts';
import { storingLoss, toleranceOf } from './storing-loss.ts';

export interface MergeOptions {
  /** The model's output on some input, run before and after. Without it nothing is checked. */
  readonly probe?: () => Tensor;
  /**
   * The most that the output may change, relative to its largest number (at least 1). When left out, what storing the merged
   * weights explains: 1e-4 over float32, more over 16 and 8 bits; over fewer bits 1e-4 again, which refuses nearly all.
   */
  readonly tolerance?: number;
  /** Frees the weights from before and the adapter: there is no way back, and no memory held for one. */
  readonly final?: boolean;
}

/** A weight and bias in the place of a site's own. */
interface Fold {
  readonly site: HoldingSite;
  readonly weight: Held;
  readonly bias: Variable | undefined;
  /** Puts back what was there, and frees nothing. */
  readonly back: Undo;
}

export interface Merged {
  /** By how much the probe's output changed, as `tolerance` counts it; null without a probe. */
  readonly change: number | null;
}

/** Unmerges: puts back the weights from before, bit for bit. */
export interface Unmerge extends Merged {
  (): void;
}

/**
 * Folds an adapter into the base's weights and switches it off; with `final`, takes it off for good.
 *
 * @returns what unmerges, which nothing does with `final`
 * @throws before anything is changed, when the adapter is off or merged already, the method cannot be merged, another
 *   adapter is in the way, or a request is under way; and with everything put back, when the probe's output changes by more than `tolerance`
 * @example
 * const unmerge = await merge(notes, { probe: () => model.logits(batch) });
 */
export async function merge(adapter: Adapter, options: MergeOptions & { readonly final: true }): Promise<Merged>;
export async function merge(adapter: Adapter, options?: MergeOptions & { readonly final?: false }): Promise<Unmerge>;
export async function merge(adapter: Adapter, options: MergeOptions = {}): Promise<Merged | Unmerge> {
  const { probe, tolerance, final = false } = options;
  if (!adapter.active) {
    const state = adapter.unmerge === undefined ? 'switched off; switch it on' : 'merged already; unmerge it';
    throw new Error(`[peftjs/core] "${adapter.name}" is ${state} first`);
  }
  for (const attachment of adapter.attachments) assertMergeable(adapter, attachment, final);
  assertIdle(adapter.host, `merging "${adapter.name}"`);
  const folds: Fold[] = [];
  const putBack = () => {
    for (const { site, weight } of lastOf(folds)) assertOnTop(site, weight);
    takeOut(adapter.host, folds.splice(0));
    adapter.active = true;
    adapter.unmerge = undefined;
  };
  const unmerge = () => {
    if (folds.length) assertIdle(adapter.host, `unmerging "${adapter.name}"`);
    putBack();
  };
  const before = probe?.();
  const losses: Scalar[] | null = probe !== undefined && tolerance === undefined ? [] : null;
  let change: number | null = null;
  try {
    for (const attachment of adapter.attachments) folds.push(foldOne(adapter, attachment, losses));
    adapter.active = false;
    adapter.unmerge = unmerge;
    if (probe !== undefined && before !== undefined) {
      const most = tolerance ?? (await toleranceOf(losses ?? []));
      change = await outputChange(before, probe());
      if (!(change <= most)) throw new Error(refusal(adapter, change, most, folds));
    }
    if (final) assertIdle(adapter.host, `merging "${adapter.name}"`);
  } catch (error) {
    putBack();
    throw error;
  } finally {
    before?.dispose();
    if (losses) dispose(losses);
  }
  if (!final) return Object.assign(unmerge, { change });
  settle(adapter, folds);
  return { change };
}

function refusal({ name }: Adapter, change: number, tolerance: number, folds: readonly Fold[]): string {
  const again = folds.some(({ weight }) => 'matMul' in weight && weight.variable === undefined);
  return (
    `[peftjs/core] merging "${name}" changes the model's output by ${change.toExponential(2)}, over the tolerance of ${Number(tolerance.toPrecision(2))}; nothing was merged. ` +
    (again
      ? "The base's weights are stored in few bits, and what is merged into them is rounded to these again. Keep the adapter apart, or allow a " +
        'larger tolerance; an adapter that is to be merged can be trained for it: qalora() changes what such weights can say exactly, qat() ' +
        'trains over rounded ones, and loftq() starts with less to lose'
      : 'Keep the adapter apart, or allow a larger tolerance')
  );
}

/** The fold that each site has come to. */
function lastOf(folds: readonly Fold[]): readonly Fold[] {
  return [...new Map(folds.map((fold) => [fold.site, fold])).values()];
}

function takeOut(host: Host, folds: readonly Fold[]): void {
  for (const { site, weight, bias, back } of [...folds].reverse()) {
    back();
    weight.dispose();
    bias?.dispose();
    refresh(host, site);
  }
}

/** Takes the adapter off, leaves what was folded, and frees what it replaced where nothing else in the model holds it. */
function settle(adapter: Adapter, folds: readonly Fold[]): void {
  const { host } = adapter;
  const results = lastOf(folds).map(({ site }) => ({
    site,
    weight: heldBy(site),
    bias: folds.findLast((fold) => fold.site === site && fold.bias !== undefined)?.bias,
  }));
  for (const { back } of [...folds].reverse()) back();
  adapter.unmerge = undefined;
  adapter.detach();
  const made = folds.flatMap(({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias]));
  const spent = new Set<Held>(made);
  for (const { site, weight, bias } of results) {
    spent.add(heldBy(site));
    const own = biasOf(site);
    if (bias !== undefined && own !== null) spent.add(own);
    setHeld(host, site, weight, bias);
    refresh(host, site);
  }
  for (const site of host.sites()) {
    if (!('weight' in site || 'gamma' in site)) continue;
    spent.delete(heldBy(site));
    const own = biasOf(site);
    if (own !== null) spent.delete(own);
  }
  for (const held of spent) held.dispose();
}

/** @param losses what storing has cost, where it is asked for */
function foldOne(adapter: Adapter, attachment: Attachment, losses: Scalar[] | null): Fold {
  const { host, strength } = adapter;
  const place = attachment.site as HoldingSite;
  const own = biasOf(place);
  const { weight, bias, loss } = engine().tidy(() => {
    const before = readHeld(place);
    const folded = attachment.part.fold?.({ ...attachment, weight: before, bias: own }) as Folded;
    const rebiased = folded.bias !== own && folded.bias !== null;
    if (rebiased) assertBiasUnread(adapter, attachment);
    const values = between(before, folded.weight, strength);
    const weight = holdLike(place, values);
    return {
      weight,
      loss: losses && storingLoss(weight, values, before),
      bias: rebiased ? variable(between(own, folded.bias as Tensor, strength), false) : undefined,
    };
  });
  if (loss) losses?.push(loss);
  try {
    const back = setHeld(host, place, weight, bias);
    refresh(host, place);
    return { site: place, weight, bias, back };
  } catch (error) {
    weight.dispose();
    bias?.dispose();
    throw error;
  }
}

/** A share of the way from one to the other; nothing counts as zeros. */
function between(from: Tensor | null, to: Tensor, share: number): Tensor {
  if (share === 1) return to;
  return from ? add(from, mul(sub(to, from), share)) : mul(to, share);
}
