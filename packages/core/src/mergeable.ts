// What stands in the way of merging an adapter at a site: the method itself, or others there.
import type { Adapter, Attachment } from './adapter.ts';
import type { Host } from './host.ts';
import { adaptersOf } from './registry.ts';
import type { Site } from './site.ts';

/** What is attached at a site, the lowest first. */
function attachmentsAt(host: Host, site: Site): readonly { readonly owner: Adapter; readonly other: Attachment }[] {
  return adaptersOf(host).flatMap((owner) =>
    owner.attachments.filter((a) => a.site === site).map((other) => ({ owner, other })),
  );
}

function readsBias(attachment: Attachment): boolean {
  const { forward, readsBias: stated } = attachment.part;
  if (stated) return stated(attachment);
  const { out, bias } = forward.affine?.(attachment) ?? {};
  return out !== undefined || bias !== undefined;
}

/** @throws when something above an attachment reads the bias, which folding it changes */
export function assertBiasUnread({ host }: Adapter, attachment: Attachment): void {
  const here = attachmentsAt(host, attachment.site);
  const above = here.slice(here.findIndex(({ other }) => other === attachment) + 1);
  const reader = above.find(({ other }) => readsBias(other));
  if (reader === undefined) return;
  throw new Error(
    `[peftjs/core] "${reader.owner.name}" at "${attachment.site.path}" reads the bias that merging would change; keep the adapter apart`,
  );
}

/**
 * @param final whether what the merge replaces is freed
 * @throws when the method cannot be merged, or another adapter at the site is in the way
 */
export function assertMergeable(adapter: Adapter, attachment: Attachment, final: boolean): void {
  const { method, site, part } = attachment;
  const fail = (why: string) => {
    throw new Error(`[peftjs/core] ${why}`);
  };
  if (part.fold === undefined) fail(`${method.type} at "${site.path}" cannot be merged; keep the adapter apart`);
  const here = attachmentsAt(adapter.host, site);
  const place = here.findIndex(({ other }) => other === attachment);
  for (const [i, { owner, other }] of here.entries()) {
    const where = `"${owner.name}"`;
    if (i > place && other.part.derive !== undefined) {
      fail(
        owner === adapter
          ? `${other.method.type} at "${site.path}" reads the weight that merging ${method.type} would change; keep the adapter apart`
          : `${where} at "${site.path}" reads the weight that merging would change; detach it first`,
      );
    }
    if (owner === adapter) continue;
    if (i < place && owner.active)
      fail(`${where} lies beneath "${adapter.name}" at "${site.path}"; merge or detach it first`);
    if (final && (owner.unmerge !== undefined || other.weight !== null)) {
      fail(
        `${where} has changed the weight at "${site.path}" and may want it back; merge it with final, or detach it, first`,
      );
    }
  }
}
