// Numbers of few bits, each near the one before: the differences in a Rice code of parameter 1.
import { DeltaError } from '../delta-error.ts';
import { signed, unsigned } from './ordered-bits.ts';

export function encodeSmallSteps(values: Uint8Array): Uint8Array {
  const bits: number[] = [];
  let last = 0;
  for (const value of values) {
    const step = unsigned(value - last);
    for (let k = step >> 1; k > 0; k--) bits.push(1);
    bits.push(0, step & 1);
    last = value;
  }
  const out = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [at, bit] of bits.entries()) out[at >> 3]! |= bit << (at & 7);
  return out;
}

/** So many numbers, each modulo a power of two, and the bytes that they took. */
export function decodeSmallSteps(
  bytes: Uint8Array,
  count: number,
  modulus: number,
): { readonly values: Uint8Array; readonly length: number } {
  let at = 0;
  const nextBit = () => {
    const byte = bytes[at >> 3];
    if (byte === undefined) throw new DeltaError(`${count} numbers of few bits do not end in ${bytes.length} bytes`);
    return (byte >> (at++ & 7)) & 1;
  };
  let last = 0;
  const values = Uint8Array.from({ length: count }, () => {
    let step = 0;
    while (nextBit() === 1) step += 2;
    last = (last + signed(step + nextBit())) & (modulus - 1);
    return last;
  });
  return { values, length: Math.ceil(at / 8) };
}
