// One option for each of many things: the steps that save the most loss for a byte are taken first.
import { DeltaError } from './delta-error.ts';

export interface Candidate<T> {
  readonly value: T;
  readonly bytes: number;
  /** Squared size of what it loses, and of all there is. */
  readonly missing: number;
  readonly energy: number;
}

export type Options<T> = readonly Candidate<T>[];

/** At most so many bytes, or at least such a share of the energy. */
export type Goal = { readonly bytes: number } | { readonly energy: number };

interface Step<T> {
  readonly name: string;
  readonly to: Candidate<T>;
  readonly bytes: number;
  readonly saves: number;
}

/** @throws with the `advice`, where the smallest options, with the `fixed` bytes beside them, take more than the goal's */
export function leastLoss<T>(
  options: ReadonlyMap<string, Options<T>>,
  goal: Goal,
  fixed: number,
  advice: string,
): Map<string, T> {
  const chosen = new Map<string, Candidate<T>>();
  const steps: Step<T>[] = [];
  let [bytes, missing, energy] = [fixed, 0, 0];
  for (const [name, all] of options) {
    const worth = frontier(all);
    const first = worth[0] as Candidate<T>;
    chosen.set(name, first);
    bytes += first.bytes;
    missing += first.missing;
    energy += Math.max(...all.map((one) => one.energy));
    for (const [k, to] of worth.slice(1).entries()) {
      const from = worth[k] as Candidate<T>;
      steps.push({ name, to, bytes: to.bytes - from.bytes, saves: from.missing - to.missing });
    }
  }
  if ('bytes' in goal && bytes > goal.bytes)
    throw new DeltaError(`the smallest candidates take ${Math.ceil(bytes)} bytes, more than ${goal.bytes}; ${advice}`);
  // Along a frontier steps save less and less for a byte: in this order they are taken one after the other.
  const stopped = new Set<string>();
  for (const { name, to, bytes: more, saves } of steps.sort((a, b) => b.saves / b.bytes - a.saves / a.bytes)) {
    if ('energy' in goal && missing <= (1 - goal.energy) * energy) break;
    if (stopped.has(name)) continue;
    if ('bytes' in goal && bytes + more > goal.bytes) {
      stopped.add(name);
      continue;
    }
    chosen.set(name, to);
    bytes += more;
    missing -= saves;
  }
  return new Map([...chosen].map(([name, { value }]) => [name, value]));
}

/** Those that no mixture of the others does better than, from the smallest up: the lower convex hull. */
function frontier<T>(all: Options<T>): Candidate<T>[] {
  const hull: Candidate<T>[] = [];
  for (const one of [...all].sort((a, b) => a.bytes - b.bytes || a.missing - b.missing)) {
    if (hull.length > 0 && one.missing >= (hull.at(-1) as Candidate<T>).missing) continue;
    while (hull.length > 1) {
      const [p, q] = hull.slice(-2) as [Candidate<T>, Candidate<T>];
      if ((p.missing - q.missing) * (one.bytes - p.bytes) > (p.missing - one.missing) * (q.bytes - p.bytes)) break;
      hull.pop();
    }
    hull.push(one);
  }
  return hull;
}
