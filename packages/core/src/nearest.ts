// The nearest of some names to one that was not found, for errors.

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    row = next;
  }
  return row[b.length] as number;
}

/** `; nearest: "q_proj"`, or nothing where there are no names. */
export function nearest(name: string, names: Iterable<string>): string {
  const [best] = [...new Set(names)].map((n) => [distance(name, n), n] as const).sort((p, q) => p[0] - q[0]);
  return best === undefined ? '' : `; nearest: "${best[1]}"`;
}
