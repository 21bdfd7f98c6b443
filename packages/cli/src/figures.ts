// Numbers as people read them.

/** `1.25 MB`, in powers of a thousand. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, n)) / 3)));
  const value = n / 1000 ** power;
  return `${power === 0 ? value : value.toPrecision(3).replace(/e.*/, '')} ${units[power]}`;
}

/** `2,755,008` */
export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

/** `1 text`, `2 texts` */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}
