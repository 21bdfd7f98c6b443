// Numbers as people read them.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const THREE_DIGITS = new Intl.NumberFormat('en-US', {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
  useGrouping: false,
});

/** `5.52 MB`: three digits, in powers of a thousand. */
export function bytes(n: number): string {
  let value = n;
  let power = 0;
  // 999.5 and more would be shown as 1000.
  while (value >= (power === 0 ? 1000 : 999.5) && power < UNITS.length - 1) {
    value /= 1000;
    power++;
  }
  return `${power === 0 ? value : THREE_DIGITS.format(value)} ${UNITS[power]}`;
}

/** `2,755,008` */
export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

/** `1 text`, `2 texts` */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}
