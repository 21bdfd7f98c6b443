// Replaces a site's weight, and computes again what adapters derive from it.
import { engine } from '@peftjs/backend';
import { dispose, keep, type Variable } from '@tensorflow/tfjs-core';
import type { Attachment } from './adapter.ts';
import type { Host, Undo } from './host.ts';
import { adaptersOf } from './registry.ts';
import type { EmbeddingSite, LinearSite } from './site.ts';
import type { Weight } from './weight.ts';

/** Computes what an attachment derives from its site's weight. */
export function derive(attachment: Attachment): void {
  const { part, site } = attachment;
  const derived = engine().tidy(() => {
    const found = part.derive?.(site) ?? {};
    for (const tensor of Object.values(found)) keep(tensor);
    return found;
  });
  dispose(Object.values(attachment.derived));
  attachment.derived = derived;
}

/** Puts a new weight in place. Its undo puts the old one back and frees the new one. */
export function changeWeight(host: Host, site: LinearSite | EmbeddingSite, weight: Weight, bias?: Variable): Undo {
  const deriveAgain = () => {
    const here = adaptersOf(host).flatMap((adapter) =>
      adapter.attachments.filter((a) => a.site === site && a.part.derive !== undefined),
    );
    for (const attachment of here) derive(attachment);
  };
  const back = host.setWeight(site, weight, bias);
  deriveAgain();
  return () => {
    back();
    weight.dispose();
    bias?.dispose();
    deriveAgain();
  };
}
