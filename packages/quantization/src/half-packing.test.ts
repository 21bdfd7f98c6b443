import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloat16, float16, type HalfPacking } from './half-packing.ts';

function coded(packing: HalfPacking, values: readonly number[], inDim = values.length): Uint16Array {
  const encoder = packing.encoder(values.length / inDim, inDim);
  expect(encoder.encode(Float32Array.from(values), 0)).toBe(-1);
  return new Uint16Array(encoder.finish().codes.buffer);
}

function again(packing: HalfPacking, value: number): number {
  const out = new Float32Array(1);
  packing.decode({ codes: Int32Array.of(coded(packing, [value])[0] as number) }, 0, out);
  return out[0] as number;
}

/** As IEEE 754 has it, in double precision: to the nearest multiple of the last place, to the even one of two. */
function rounded(value: number, fraction: number, smallest: number): number {
  if (value === 0) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), smallest);
  const unit = 2 ** (exponent - fraction);
  const [count, sign] = [Math.abs(value) / unit, Math.sign(value)];
  const below = Math.floor(count);
  const up = count - below > 0.5 || (count - below === 0.5 && below % 2 === 1);
  return sign * (below + Number(up)) * unit;
}

describe.each([
  ['f16', float16, 10, -14, 65504],
  ['bf16', bfloat16, 7, -126, (2 - 2 ** -7) * 2 ** 127],
] as const)('%s', (_, packing, fraction, smallest, largest) => {
  it('rounds to the nearest, to even where two are as near', () => {
    const value = fc.float({ noNaN: true, min: Math.fround(-largest), max: Math.fround(largest) });
    fc.assert(fc.property(value, (x) => Object.is(again(packing, x), rounded(x, fraction, smallest))));
    for (const k of [1, 3, 5, 7]) {
      const tie = 1 + k * 2 ** -(fraction + 1);
      expect(again(packing, tie)).toBe(rounded(tie, fraction, smallest));
    }
  });

  it('keeps what it has rounded, and the order of numbers', () => {
    const value = fc.float({ noNaN: true, min: Math.fround(-largest), max: Math.fround(largest) });
    fc.assert(
      fc.property(value, value, (x, y) => {
        const [a, b] = [again(packing, x), again(packing, y)];
        expect(again(packing, a)).toBe(a);
        expect(x <= y ? a <= b : a >= b).toBe(true);
      }),
    );
  });

  it('keeps the sign of zero', () => {
    expect([...coded(packing, [0, -0])]).toEqual([0, 0x8000]);
    expect(Object.is(again(packing, -0), -0)).toBe(true);
  });

  it('begins each row with a word of its own, the first number in the low half', () => {
    const one = packing === float16 ? 0x3c00 : 0x3f80;
    const codes = coded(packing, [1, 0, -1, 1, 1, 0], 3);
    expect([...codes]).toEqual([one, 0, one | 0x8000, 0, one, one, 0, 0]);
  });

  it('says which number has no code', () => {
    const encoder = packing.encoder(2, 2);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -largest * (1 + 2 ** -fraction)])
      expect(encoder.encode(Float32Array.of(1, 2, bad, 3), 0)).toBe(2);
    expect(encoder.encode(Float32Array.of(largest, -largest), 1)).toBe(-1);
  });
});

it('f16 has everything up to half a last place beyond its largest number', () => {
  expect(again(float16, 65519.996)).toBe(65504);
  expect(float16.encoder(1, 1).encode(Float32Array.of(65520), 0)).toBe(0);
});
