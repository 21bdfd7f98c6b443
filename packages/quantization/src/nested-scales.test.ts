import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DYNAMIC_MAP, nest, unnest } from './nested-scales.ts';

interface Golden {
  readonly nested: Readonly<Record<'scales' | 'codes' | 'blocks' | 'map' | 'values', readonly number[]>> & {
    readonly mean: number;
  };
}

const { nested } = JSON.parse(
  readFileSync(new URL('../../../golden/storages/four-bit.json', import.meta.url), 'utf8'),
) as Golden;

function nestedAgain(scales: Float32Array): Float32Array {
  const made = { codes: new Int32Array(), ...nest(scales) };
  return scales.map((_, k) => unnest(made, k));
}

it('has the map of bitsandbytes', () => {
  expect([...DYNAMIC_MAP]).toEqual(nested.map);
});

it('has the codes of bitsandbytes, which takes the next one where two are all but as near', () => {
  const { scales, blocks } = nest(Float32Array.from(nested.scales));
  const [mean, ...sizes] = blocks as unknown as [number, ...number[]];
  expect(Math.abs(mean - nested.mean) / nested.mean).toBeLessThan(1e-6);
  for (const [k, size] of sizes.entries())
    expect(Math.abs(size - (nested.blocks[k] as number)) / size).toBeLessThan(1e-6);
  const codes = new Uint8Array(scales.buffer);
  expect([...codes.subarray(nested.scales.length)].every((code) => code === 0)).toBe(true);
  // On the CPU it looks a number up among 65536.
  const step = 2 ** -15;
  for (const [k, want] of nested.codes.entries()) {
    const found = codes[k] as number;
    const scaled = ((nested.scales[k] as number) - mean) / (sizes[k >> 8] as number);
    const apart = (code: number) => Math.abs(scaled - (DYNAMIC_MAP[code] as number));
    expect(Math.abs(found - want)).toBeLessThanOrEqual(1);
    expect(Math.abs(apart(found) - apart(want))).toBeLessThan(step);
  }
});

it('reads what bitsandbytes reads', () => {
  const bytes = new Uint8Array(768);
  bytes.set(nested.codes);
  const arrays = {
    codes: new Int32Array(),
    scales: new Int32Array(bytes.buffer),
    blocks: Float32Array.of(nested.mean, ...nested.blocks),
    map: Float32Array.from(nested.map),
  };
  expect(nested.scales.map((_, k) => unnest(arrays, k))).toEqual(nested.values);
});

it('errs by half the widest gap of its map, and keeps scales that are all the same', () => {
  const scale = fc.float({ noNaN: true, min: 0, max: 100 }).map((x) => (x < 1e-20 ? 0 : x));
  fc.assert(
    fc.property(fc.array(scale, { minLength: 1, maxLength: 600 }), (list) => {
      const scales = Float32Array.from(list);
      const { blocks } = nest(scales);
      for (const [k, read] of nestedAgain(scales).entries()) {
        const bound = 0.0071 * (blocks[1 + (k >> 8)] as number) + 1e-5 * Math.abs(blocks[0] as number);
        expect(Math.abs(read - (scales[k] as number))).toBeLessThanOrEqual(bound);
      }
    }),
    { numRuns: 30 },
  );
  expect([...nestedAgain(new Float32Array(300).fill(0.25))]).toEqual(Array(300).fill(0.25));
});
