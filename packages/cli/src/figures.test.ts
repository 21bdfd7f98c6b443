import { expect, test } from 'vitest';
import { bytes, count, counted } from './figures.ts';

test.for([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [999_999, '1.00 MB'],
  [5_515_976, '5.52 MB'],
  [163_829_512, '164 MB'],
  [2e15, '2000 TB'],
] as const)('%d bytes are %s', ([n, text]) => expect(bytes(n)).toBe(text));

test('counts', () => {
  expect(count(2_755_008)).toBe('2,755,008');
  expect(counted(1, 'text')).toBe('1 text');
  expect(counted(1200, 'text')).toBe('1,200 texts');
});
