import { describe, expect, it } from 'vitest';
import { assertFinite, findNonFinite } from './assert-finite.ts';

describe('assertFinite', () => {
  it('takes every finite value', () => {
    expect(findNonFinite(Float32Array.of(0, -0, 3.4028234663852886e38, -1e-45, 1, 2))).toBe(-1);
    expect(findNonFinite(new Float32Array(0))).toBe(-1);
  });

  it('finds one wherever it is', () => {
    for (const at of [0, 1, 4, 6, 4095, 4096, 5000, 8194])
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        expect(findNonFinite(new Float32Array(8195).fill(value, at)), `${value} at ${at}`).toBe(at);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('names the place of %s', (value) => {
    const values = Float32Array.of(1, 2, value, value);
    expect(() => assertFinite(values, 'm.safetensors', 'a.weight')).toThrow(
      `[peftjs/safetensors] m.safetensors: tensor "a.weight" holds ${value} at element 2 of 4`,
    );
    expect(() => assertFinite(values, 'm.safetensors', 'a.weight', { first: 10, of: 20 })).toThrow(
      `holds ${value} at element 12 of 20`,
    );
  });
});
