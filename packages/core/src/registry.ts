// Which adapters are on which host, and which of them a request in flight still needs.
import type { Adapter } from './adapter.ts';
import type { Host, Undo } from './host.ts';

const attached = new WeakMap<Host, readonly Adapter[]>();

/** How many hold an adapter, and what to do once nobody does. */
const holds = new WeakMap<Adapter, { count: number; ended?: Undo }>();

/** The adapters on a host, in order of attachment. */
export function adaptersOf(host: Host): readonly Adapter[] {
  return attached.get(host) ?? [];
}

export function enter(adapter: Adapter): void {
  attached.set(adapter.host, [...adaptersOf(adapter.host), adapter]);
}

/** Takes an adapter off the list, and `undo`es it as soon as nobody holds it. */
export function leave(adapter: Adapter, undo: Undo): void {
  attached.set(
    adapter.host,
    adaptersOf(adapter.host).filter((other) => other !== adapter),
  );
  adapter.active = false;
  const hold = holds.get(adapter);
  if (hold?.count) hold.ended = undo;
  else undo();
}

/** Whether a request holds an adapter. */
export function isHeld(adapter: Adapter): boolean {
  return (holds.get(adapter)?.count ?? 0) > 0;
}

/** Keeps an adapter's links and tensors in place until the release, which counts once. */
export function hold(adapter: Adapter): Undo {
  const held = holds.get(adapter) ?? { count: 0 };
  holds.set(adapter, held);
  held.count++;
  let holding = true;
  return () => {
    if (holding && --held.count === 0) held.ended?.();
    holding = false;
  };
}
