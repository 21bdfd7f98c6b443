// The nearest of some names to one that was not found, for errors.

/** Pairs of neighboring letters that one name has and the other has not. */
function difference(a: string, b: string): number {
  const pairs = (s: string) => new Set([...s].map((c, i) => (s[i - 1] ?? '') + c));
  const [p, q] = [pairs(a), pairs(b)];
  return [...p, ...q].filter((pair) => !(p.has(pair) && q.has(pair))).length;
}

/** `; nearest: "q_proj"`, or nothing where there are no names. */
export function nearest(name: string, names: Iterable<string>): string {
  const [best] = [...names].sort((a, b) => difference(name, a) - difference(name, b));
  return best === undefined ? '' : `; nearest: "${best}"`;
}
