import { describe, expect, it } from 'vitest';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float16.ts';

const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);

function float16(...values: number[]): number[] {
  const out = new Uint16Array(values.length);
  encodeFloat16(Float32Array.from(values), out);
  return [...out];
}

function bfloat16(...values: number[]): number[] {
  const out = new Uint16Array(values.length);
  encodeBfloat16(Float32Array.from(values), out);
  return [...out];
}

describe('float16', () => {
  it('decodes and encodes back every code', () => {
    const values = new Float32Array(65536);
    decodeFloat16(codes, values);
    const back = new Uint16Array(65536);
    encodeFloat16(values, back);
    expect(back).toEqual(codes);
  });

  it('decodes each code to the value that the standard gives it', () => {
    const values = new Float32Array(65536);
    decodeFloat16(codes, values);
    const expected = Float32Array.from(codes, (code) => {
      const sign = code & 0x8000 ? -1 : 1;
      const exponent = (code >> 10) & 0x1f;
      const mantissa = code & 0x3ff;
      if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
      return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
    });
    expect(values).toEqual(expected);
  });

  it.each([1, 2, 3, 5])('decodes %i, whose number is no multiple of four', (length) => {
    const values = new Float32Array(length);
    decodeFloat16(
      Uint16Array.from({ length }, (_, i) => 0x3c00 + i),
      values,
    );
    expect(values).toEqual(Float32Array.from({ length }, (_, i) => 1 + i / 1024));
    decodeBfloat16(
      Uint16Array.from({ length }, (_, i) => 0x3f80 + i),
      values,
    );
    expect(values).toEqual(Float32Array.from({ length }, (_, i) => 1 + i / 128));
  });

  it('rounds to the nearest code, halfway to the even one', () => {
    const values = new Float32Array(65536);
    decodeFloat16(codes, values);
    for (let code = 0; code < 0x7bff; code++) {
      const low = values[code]!;
      const high = values[code + 1]!;
      const middle = (low + high) / 2;
      const step = (high - low) / 8;
      const even = code % 2 === 0 ? code : code + 1;
      expect(float16(middle - step, middle, middle + step, -middle)).toEqual([code, even, code + 1, even | 0x8000]);
    }
  });

  it('overflows to infinity from halfway to the next power of two', () => {
    expect(float16(65504, 65519.99, 65520, -1e30, Number.POSITIVE_INFINITY)).toEqual([
      0x7bff, 0x7bff, 0x7c00, 0xfc00, 0x7c00,
    ]);
  });

  it('keeps NaN a NaN whose payload does not fit, and the sign of zero', () => {
    const values = new Float32Array(Uint32Array.of(0x7f800001, 0x80000000, 0x00000001).buffer);
    const out = new Uint16Array(3);
    encodeFloat16(values, out);
    expect([...out]).toEqual([0x7e00, 0x8000, 0]);
  });
});

describe('bfloat16', () => {
  it('decodes and encodes back every code', () => {
    const values = new Float32Array(65536);
    decodeBfloat16(codes, values);
    const back = new Uint16Array(65536);
    encodeBfloat16(values, back);
    expect(back).toEqual(codes);
  });

  it('rounds to the nearest code, halfway to the even one', () => {
    expect(bfloat16(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 3.4e38)).toEqual([
      0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x7f80,
    ]);
  });

  it('keeps NaN a NaN whose payload does not fit', () => {
    const out = new Uint16Array(1);
    encodeBfloat16(new Float32Array(Uint32Array.of(0xff800001).buffer), out);
    expect([...out]).toEqual([0xffc0]);
  });
});
