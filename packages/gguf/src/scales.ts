import { decodeFloat16 } from '@peftjs/safetensors';

/** Decodes whole blocks into `out`, which has as many elements as they hold. */
export type Decoder = (bytes: Uint8Array, out: Float32Array) => void;

/** The float16 that lies `offset` bytes into each block of so many `bytes`. */
export function scalesOf(blocks: Uint8Array, bytes: number, offset: number): Float32Array {
  const codes = new Uint16Array(blocks.length / bytes);
  for (let b = 0, at = offset; b < codes.length; b++, at += bytes) {
    codes[b] = (blocks[at] as number) | ((blocks[at + 1] as number) << 8);
  }
  const scales = new Float32Array(codes.length);
  decodeFloat16(codes, scales);
  return scales;
}
