// Which adapters are on which host, which requests are under way there, and which adapters they still need.
import type { Adapter } from './adapter.ts';
import type { Host, Undo } from './host.ts';

const attached = new WeakMap<Host, readonly Adapter[]>();

/** Requests of several passes that have begun and not ended. */
const requests = new WeakMap<Host, number>();

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

/** Counts a request of several passes until the undo, which counts once. */
export function begin(host: Host): Undo {
  const count = (by: number) => requests.set(host, (requests.get(host) ?? 0) + by);
  count(1);
  let underWay = true;
  return () => {
    if (underWay) count(-1);
    underWay = false;
  };
}

/** @throws when a request is under way on the host, which `what` would change: the base's weights belong to all of them */
export function assertIdle(host: Host, what: string): void {
  const count = requests.get(host) ?? 0;
  if (count === 0) return;
  const many = count === 1 ? '1 request is' : `${count} requests are`;
  throw new Error(`[peftjs/core] ${what} changes the base's weights, and ${many} under way on them; wait for the end`);
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
