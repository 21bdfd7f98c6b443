// Every rounding as @peftjs/safetensors does it, and every number that 16 bits hold.
import { expect, test } from 'vitest';
import { numbers } from '../../test/models.ts';
import { decodeNumbers, encodeNumbers, type FloatDtype } from '../numbers.ts';
import { addChange, addDistances, findChange } from './number-kernels.ts';

/** So far that no difference overflows. */
const FINITE: Readonly<Record<'F16' | 'BF16', number>> = { F16: 0x7bff, BF16: 0x7eff };
/** Of each octave's numbers some, with both signs, in whole pieces and not; and the middle between any two of 16 bits. */
const COUNT = 70_001;

function sides(dtype: FloatDtype) {
  const random = numbers(1, COUNT);
  const wide = Float32Array.from(random, (v, i) => v * 2 ** ((i % 60) - 44));
  if (dtype === 'F32') return { base: encodeNumbers(wide, dtype), tuned: encodeNumbers(wide.slice().reverse(), dtype) };
  const most = FINITE[dtype];
  const codes = Uint16Array.from({ length: COUNT }, (_, i) => ((i & 0x7fff) % (most + 1)) | ((i >> 15) << 15));
  const next = codes.map((code, i) => ((code & 0x7fff) === most ? code : i % 7 === 0 ? code ^ 0x8000 : code + 1));
  return { base: new Uint8Array(codes.buffer), tuned: new Uint8Array(next.buffer) };
}

function expectSame(found: Float32Array | Uint8Array, wanted: Float32Array | Uint8Array): void {
  expect(found).toHaveLength(wanted.length);
  expect(found.findIndex((value: number, i: number) => !Object.is(value, wanted[i]))).toBe(-1);
}

test.each(['F16', 'BF16', 'F32'] as const)('numbers of %s change as they are reckoned one by one', (dtype) => {
  const { base, tuned } = sides(dtype);
  const [from, to] = [decodeNumbers(base, dtype), decodeNumbers(tuned, dtype)];
  const change = new Float32Array(COUNT);
  expect(findChange(dtype, base, tuned, change)).toBe(true);
  expectSame(
    change,
    from.map((v, i) => (to[i] as number) - v),
  );

  for (const factor of [1, -1, 0.5, 1 + 2 ** -13]) {
    const result = new Uint8Array(base.length);
    addChange(dtype, base, factor, change, result);
    const wanted = from.map((v, i) => v + factor * (change[i] as number));
    expectSame(result, encodeNumbers(wanted, dtype));
  }

  const result = new Uint8Array(base.length);
  addChange(dtype, base, 0.75, change, result);
  const sums = Float64Array.of(1, 2);
  addDistances(dtype, sums, { base, tuned, result });
  const near = decodeNumbers(result, dtype);
  let [missing, energy] = [1, 2];
  for (let i = 0; i < COUNT; i++) {
    const [a, b] = [(to[i] as number) - (near[i] as number), (to[i] as number) - (from[i] as number)];
    missing += a * a;
    energy += b * b;
  }
  expect([...sums]).toEqual([missing, energy]);
});

test.each(['F16', 'BF16', 'F32'] as const)('what is not finite in %s changes by 0, which is told', (dtype) => {
  const odd = Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2);
  const base = encodeNumbers(odd, dtype);
  const change = new Float32Array(5);
  expect(findChange(dtype, base, encodeNumbers(Float32Array.of(2, 1, 1, 1, 2), dtype), change)).toBe(false);
  expect([...change]).toEqual([1, 0, 0, 0, 0]);
  const result = new Uint8Array(base.length);
  addChange(dtype, base, 1, new Float32Array(5), result);
  expect(decodeNumbers(result, dtype)).toEqual(odd);
  // A piece is told by its own numbers.
  expect(
    findChange(dtype, base.subarray(0, base.length / 5), base.subarray(0, base.length / 5), change.subarray(0, 1)),
  ).toBe(true);
});

test('sums that are too large for 16 bits become infinite', () => {
  const base = encodeNumbers(Float32Array.of(65_504, -65_504, 65_504), 'F16');
  const result = new Uint8Array(6);
  addChange('F16', base, 1, Float32Array.of(16, -16, 15), result);
  expect([...decodeNumbers(result, 'F16')]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 65_504]);
});
