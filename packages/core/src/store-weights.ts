// Puts a model's weights into another storage, and checks on a probe what that does to what it says.
import type { Tensor } from '@tensorflow/tfjs-core';
import { assertOnTop, refresh } from './change-weight.ts';
import type { Host, Undo } from './host.ts';
import { outputChange } from './output-change.ts';
import { adaptersOf, assertIdle } from './registry.ts';
import type { SiteKind, WeightSite } from './site.ts';
import type { Storage } from './storage.ts';
import { ALL_LINEAR, selectSites, type Targets } from './targets.ts';
import type { Weight } from './weight.ts';

export interface StoreOptions {
  /** Whose weights; those of every linear layer but the output when left out. */
  readonly targets?: Targets;
  /** The model's output on some input, run before and after. Without it nothing is checked. */
  readonly probe?: () => Tensor;
  /** The most that the output may change, relative to its largest number (at least 1); any when left out. */
  readonly tolerance?: number;
  /** Frees the weights from before: there is no way back, and no memory held for one. */
  readonly final?: boolean;
}

export interface Stored {
  /** By how much the probe's output changed; null without a probe. */
  readonly change: number | null;
  /** What these weights took before, and take now. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** Puts the weights from before back, bit for bit; of `final` ones there are none. */
  readonly undo: Undo;
}

const KINDS: ReadonlySet<SiteKind> = new Set(['linear', 'embedding', 'conv']);

/**
 * Stores a model's weights in another way, each read once. What several sites share stays shared among those that are stored.
 *
 * @throws with everything as it was: a weight that the storage cannot hold, by name; an output that changes by more than
 *   `tolerance`; a request under way; with `final` an adapter that wants the weights back
 * @example
 * const { change } = await storeWeights(model, int4({ group: 32 }), { probe: () => model.logits(batch), tolerance: 1e-3 });
 */
export async function storeWeights(host: Host, storage: Storage, options: StoreOptions = {}): Promise<Stored> {
  const { targets = { modules: ALL_LINEAR }, probe, tolerance = Number.POSITIVE_INFINITY, final = false } = options;
  const sites = selectSites(host.sites(), targets, KINDS) as WeightSite[];
  if (final) assertUnwanted(host);
  const made = new Map<Weight, Weight>();
  const backs: { readonly site: WeightSite; readonly weight: Weight; readonly back: Undo }[] = [];
  const putBack = () => {
    for (const { site, weight } of backs) assertOnTop(site, weight);
    for (const { site, back } of backs.splice(0).reverse()) {
      back();
      refresh(host, site);
    }
    for (const weight of made.values()) weight.dispose();
    made.clear();
  };
  const before = probe?.();
  let change: number | null = null;
  const held = sites.map(({ weight }) => weight);
  try {
    for (const site of sites) {
      if (!made.has(site.weight)) made.set(site.weight, await storeOne(site, storage));
    }
    assertIdle(host, 'storing them in another way');
    for (const [i, site] of sites.entries()) {
      assertOnTop(site, held[i] as Weight);
      const weight = made.get(site.weight) as Weight;
      backs.push({ site, weight, back: host.setWeight(site, weight) });
      refresh(host, site);
    }
    if (before && probe) {
      change = await outputChange(before, probe());
      if (!(change <= tolerance)) {
        throw new Error(
          `[peftjs/core] storing the weights changes the model's output by ${change.toExponential(2)}, over the tolerance of ${tolerance}; ` +
            'all are as they were. Store them in more bits or smaller groups, leave some out, or allow a larger tolerance',
        );
      }
    }
    if (final) assertIdle(host, 'freeing them');
  } catch (error) {
    putBack();
    throw error;
  } finally {
    before?.dispose();
  }
  const total = (weights: Iterable<Weight>) => [...weights].reduce((sum, { bytes }) => sum + bytes, 0);
  const bytes = { before: total(made.keys()), after: total(made.values()) };
  if (final) {
    const kept = new Set(host.sites().flatMap((site) => ('weight' in site ? [site.weight] : [])));
    for (const weight of made.keys()) if (!kept.has(weight)) weight.dispose();
    backs.length = 0;
    made.clear();
  }
  return {
    change,
    bytes,
    undo() {
      if (backs.length) assertIdle(host, 'putting them back');
      putBack();
    },
  };
}

async function storeOne(site: WeightSite, storage: Storage): Promise<Weight> {
  const { outDim, inDim } = site.weight;
  const dense = site.weight.read();
  try {
    // On some backends the data are the tensor's own.
    return storage((await dense.data<'float32'>()).slice(), outDim, inDim);
  } catch (error) {
    throw new Error(
      `[peftjs/core] the weight of "${site.path}" cannot be stored so; leave it out: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    dense.dispose();
  }
}

/** @throws when an adapter has put the weights there that are to be freed, or has kept others for later */
function assertUnwanted(host: Host): void {
  const owner = adaptersOf(host).find(
    ({ unmerge, attachments }) => unmerge || attachments.some(({ weight }) => weight),
  );
  if (!owner) return;
  throw new Error(
    `[peftjs/core] "${owner.name}" has changed the base's weights and may want them back; merge it with final, or detach it, first`,
  );
}
