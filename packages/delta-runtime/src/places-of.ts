// Which modules of a model the tensors of its file belong to, for a delta that is to become a LoRA.
import type { Host, Site } from '@peftjs/core';
import type { Place } from '@peftjs/delta';

/**
 * By the names that the model's file has. Embeddings are told from layers, tied outputs are there beside their embedding.
 *
 * @example
 * await toLora('out/delta', 'out/adapter', { base: 'models/base', places: placesOf(await loadModel('models/base')) });
 */
export function placesOf(host: Host): ReadonlyMap<string, readonly Place[]> {
  const holders = host.sites().map((site) => ({ place: placeOf(site), held: heldBy(site) }));
  return new Map(
    (host.stored?.() ?? []).map(({ name, held }) => {
      const found = holders.filter((one) => one.held.includes(held)).map(({ place }) => place);
      const loose: Place = { path: name.slice(0, name.lastIndexOf('.')), kind: 'other' };
      return [host.base.file?.nameOf(name) ?? name, found.length > 0 ? found : [loose]];
    }),
  );
}

function placeOf(site: Site): Place {
  const { kind, path } = site;
  if (kind === 'linear') return { path, kind, ...(site.transposed && { transposed: true }) };
  return { path, kind: kind === 'embedding' ? kind : 'other' };
}

function heldBy(site: Site): readonly unknown[] {
  const weight = 'weight' in site ? [site.weight] : [];
  const bias = 'bias' in site && site.bias ? [site.bias] : [];
  return site.kind === 'norm' ? [site.gamma, site.beta] : [...weight, ...bias];
}
