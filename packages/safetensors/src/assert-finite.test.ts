import { describe, expect, it } from 'vitest';
import { assertFinite, findNonFinite } from './assert-finite.ts';

describe('assertFinite', () => {
  it('takes every finite value', () => {
    expect(findNonFinite(Float32Array.of(0, -0, 3.4028234663852886e38, -1e-45))).toBe(-1);
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
