// Which adapters are on which host.
import type { Adapter } from './adapter.ts';
import type { Host } from './host.ts';

const attached = new WeakMap<Host, readonly Adapter[]>();

/** The adapters on a host, in order of attachment. */
export function adaptersOf(host: Host): readonly Adapter[] {
  return attached.get(host) ?? [];
}

export function enter(adapter: Adapter): void {
  attached.set(adapter.host, [...adaptersOf(adapter.host), adapter]);
}

export function leave(adapter: Adapter): void {
  attached.set(
    adapter.host,
    adaptersOf(adapter.host).filter((other) => other !== adapter),
  );
}
