// The pixels that one tap of a convolution's filter meets, as rows of a matrix.
import { PATCHES } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';

/**
 * out[b, i, j] = x[b, i strideY + offsetY, j strideX + offsetX], each a row of `c` floats; zeros outside of the picture.
 */
export function patches(
  x: usize, out: usize, b: i32, inH: i32, inW: i32, outH: i32, outW: i32, c: i32,
  strideY: i32, strideX: i32, offsetY: i32, offsetX: i32,
): void {
  setArg<usize>(0, x);
  setArg<usize>(1, out);
  setArg<i32>(2, b * outH);
  setArg<i32>(3, inH);
  setArg<i32>(4, inW);
  setArg<i32>(5, outH);
  setArg<i32>(6, outW);
  setArg<i32>(7, c);
  setArg<i32>(8, strideY);
  setArg<i32>(9, strideX);
  setArg<i32>(10, offsetY);
  setArg<i32>(11, offsetX);
  parallel(PATCHES, chunksFor(b * outH, <f64>(outW * c), 65536));
}

export function patchesChunk(chunk: i32): void {
  const lines = arg<i32>(2);
  const inH = arg<i32>(3);
  const inW = arg<i32>(4);
  const outH = arg<i32>(5);
  const outW = arg<i32>(6);
  const bytes: usize = arg<i32>(7) << 2;
  const chunks = chunkCount();
  for (let line = startOf(chunk, chunks, lines); line < startOf(chunk + 1, chunks, lines); line++) {
    const y = (line % outH) * arg<i32>(8) + arg<i32>(10);
    const from = arg<usize>(0) + ((line / outH) * inH + y) * inW * bytes;
    for (let j = 0; j < outW; j++) {
      const x = j * arg<i32>(9) + arg<i32>(11);
      const to = arg<usize>(1) + (line * outW + j) * bytes;
      if (<u32>y < <u32>inH && <u32>x < <u32>inW) memory.copy(to, from + x * bytes, bytes);
      else memory.fill(to, 0, bytes);
    }
  }
}
