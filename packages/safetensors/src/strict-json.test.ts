import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

const parse = (text: string) => parseStrictJson(new TextEncoder().encode(text), (message) => new Error(`f ${message}`));

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"\\u0061" :2}', 'a'],
    ['[{"x":{"b":[],"c":"\\\\","b":0}}]', 'b'],
    ['{"\\"":1,"\\"":2}', '\\\\"'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('refuses %s', (text, key) => {
    expect(() => parse(text)).toThrow(`f has the key "${key.replace('\\\\"', '\\"')}" twice`);
  });

  it('takes equal keys of different objects, and strings that equal a key', () => {
    const text = '{"a":{"a":["a","a"]},"b":{"a":"b"}}';
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22), Error)).toThrow('is not UTF-8');
  });

  it('survives deep nesting', () => {
    expect(() => parse('['.repeat(1_000_000))).toThrow('f is not JSON');
  });
});
