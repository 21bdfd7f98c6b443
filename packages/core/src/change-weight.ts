// Replaces a site's weight, and computes again what adapters derive from it.
import { engine } from '@peftjs/backend';
import type { Attachment } from './adapter.ts';
import { type Held, type HoldingSite, heldBy } from './held.ts';
import type { Host, Undo } from './host.ts';
import { adaptersOf } from './registry.ts';
import type { Site, WeightSite } from './site.ts';
import type { Weight } from './weight.ts';

/** Computes what an attachment derives from its site's weight. */
export function derive(attachment: Attachment): void {
  const { part, site } = attachment;
  const derived = engine().tidy(() => {
    const found = part.derive?.(site) ?? {};
    for (const tensor of Object.values(found)) engine().keep(tensor);
    return found;
  });
  for (const tensor of Object.values(attachment.derived)) tensor.dispose();
  attachment.derived = derived;
}

/** @throws when another has put a weight on top of this one, so that it cannot be taken out now */
export function assertOnTop(site: Site, weight: Held | null): void {
  if (weight && heldBy(site as HoldingSite) !== weight)
    throw new Error(`[peftjs/core] "${site.path}" has changed since; undo that first`);
}

/** Computes again what adapters derive from a site's weight. */
export function refresh(host: Host, site: Site): void {
  for (const { attachments } of adaptersOf(host))
    for (const attachment of attachments) if (attachment.site === site) derive(attachment);
}

/** Puts a new weight in place. Its undo puts the old one back and frees the new one. */
export function changeWeight(host: Host, site: WeightSite, weight: Weight): Undo {
  const back = host.setWeight(site, weight);
  refresh(host, site);
  return () => {
    back();
    weight.dispose();
    refresh(host, site);
  };
}
