// The nearest of some names to one that was not found, for errors.

/** Pairs of neighboring letters that one name has and the other has not. */
function difference(a: string, b: string): number {
  const pairs = (s: string) => new Set([...s].map((c, i) => (s[i - 1] ?? '') + c));
  const [p, q] = [pairs(a), pairs(b)];
  return [...p].filter((pair) => !q.has(pair)).length + [...q].filter((pair) => !p.has(pair)).length;
}

/** `; nearest: "q_proj"`, or nothing where there are no names. */
export function nearest(name: string, names: Iterable<string>): string {
  const [best] = [...new Set(names)].map((n) => [difference(name, n), n] as const).sort((p, q) => p[0] - q[0]);
  return best === undefined ? '' : `; nearest: "${best[1]}"`;
}
