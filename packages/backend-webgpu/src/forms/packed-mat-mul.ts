// Products with a packed matrix: with many rows in tiles of 32 x 32, whose part of the matrix is decoded into the workgroup's
// memory; with few, a workgroup for each output. No dense copy of the matrix exists.
import {
  type Form,
  type Kernel,
  kernel,
  type PackedMatMulInputs,
  type PackedMatrix,
  packedMatMulOp,
} from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import type { Shader } from '../shader.ts';
import { type Codes, codeNumbers, oncePerCodes } from '../wgsl/codes.ts';
import { LANES, sumOverGroup } from '../wgsl/sum-over-group.ts';

/** Rows of x up to which each output gets a workgroup of its own. */
const FEW_ROWS = 4;
/** Rows, columns and depth of a tile; each of the 64 lanes computes 4 x 4 of it. */
const TILE = 32;

type PackedShader = Shader<string, 'y'>;

const MAIN = `
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {`;

/** y [m, n] = x [m, k] B, where B is the matrix itself with `down`, otherwise its transpose. */
function tiled({ key, reads, numbers, decode }: Codes, down: boolean): PackedShader {
  return {
    name: `packed-${key}-${down ? 'down' : 'up'}`,
    reads: { x: 'f32', ...reads },
    writes: { y: 'f32' },
    numbers: { m: 'u32', n: 'u32', k: 'u32', ...numbers },
    body: `${decode}
var<workgroup> xs: array<f32, ${TILE * TILE}>;
var<workgroup> bs: array<f32, ${TILE * TILE}>;
@compute @workgroup_size(64)
${MAIN}
  let across = (p.n + ${TILE - 1}) / ${TILE};
  let place = groupIndex(group, groups);
  let row0 = place / across * ${TILE};
  let column0 = place % across * ${TILE};
  let r = lane / 8 * 4;
  let c = lane % 8 * 4;
  var sums: array<vec4f, 4>;
  for (var k0 = 0u; k0 < p.k; k0 += ${TILE}) {
    for (var e = lane; e < ${TILE * TILE}; e += 64) {
      let high = e / ${TILE};
      let low = e % ${TILE};
      let inside = row0 + high < p.m && k0 + low < p.k;
      xs[low * ${TILE} + high] = 0;
      if (inside) { xs[low * ${TILE} + high] = x[(row0 + high) * p.k + k0 + low]; }
      ${
        down
          ? `bs[e] = 0;
      if (k0 + high < p.k && column0 + low < p.n) { bs[e] = bitcast<f32>(bitsAt(k0 + high, column0 + low)); }`
          : `bs[low * ${TILE} + high] = 0;
      if (column0 + high < p.n && k0 + low < p.k) { bs[low * ${TILE} + high] = bitcast<f32>(bitsAt(column0 + high, k0 + low)); }`
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < ${TILE}; k++) {
      let at = k * ${TILE};
      let b = vec4f(bs[at + c], bs[at + c + 1], bs[at + c + 2], bs[at + c + 3]);
      for (var i = 0u; i < 4; i++) { sums[i] += xs[at + r + i] * b; }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4; i++) {
    for (var j = 0u; j < 4; j++) {
      let row = row0 + r + i;
      let column = column0 + c + j;
      if (row < p.m && column < p.n) { y[row * p.n + column] = sums[i][j]; }
    }
  }
}`,
  };
}

/** The same for few rows, and the transpose alone: the lanes of a workgroup share one row of the matrix. */
function few({ key, reads, numbers, decode }: Codes): PackedShader {
  return {
    name: `packed-${key}-few`,
    reads: { x: 'f32', ...reads },
    writes: { y: 'f32' },
    numbers: { m: 'u32', n: 'u32', k: 'u32', ...numbers },
    body: `${decode}${sumOverGroup}
@compute @workgroup_size(${LANES})
${MAIN}
  let column = groupIndex(group, groups);
  if (column >= p.n) { return; }
  var sums: array<f32, ${FEW_ROWS}>;
  for (var k = lane; k < p.k; k += ${LANES}) {
    let w = bitcast<f32>(bitsAt(column, k));
    for (var i = 0u; i < p.m; i++) { sums[i] += x[i * p.k + k] * w; }
  }
  for (var i = 0u; i < p.m; i++) {
    let sum = sumOverGroup(sums[i], lane);
    if (lane == 0) { y[i * p.n + column] = sum; }
  }
}`,
  };
}

export function packedMatMulKernel(r: Runtime): Kernel {
  const shadersOf = oncePerCodes((codes) => ({
    up: tiled(codes, false),
    down: tiled(codes, true),
    few: few(codes),
  }));
  const multiply = (x: Tensor, matrix: PackedMatrix, down: boolean): Tensor => {
    const { packing, outDim, inDim, tensors } = matrix;
    const own = shadersOf(packing);
    const [k, n] = down ? [outDim, inDim] : [inDim, outDim];
    const m = x.size / k;
    const y = r.tensor([...x.shape.slice(0, -1), n]);
    const numbers = { m, n, k, ...codeNumbers(matrix) };
    const tiles = Math.ceil(m / TILE) * Math.ceil(n / TILE);
    if (m <= FEW_ROWS && !down) r.run(own.few, { x, y, ...tensors }, numbers, m === 0 ? 0 : n);
    else r.run(down ? own.down : own.up, { x, y, ...tensors }, numbers, tiles);
    return y;
  };
  const form: Form<PackedMatMulInputs, PackedMatrix> = {
    forward: ({ x }, matrix) => ({ out: multiply(x, matrix, false), saved: [] }),
    grad: (dy, _saved, matrix) => ({ x: () => multiply(dy, matrix, true) }),
  };
  return kernel(packedMatMulOp, form);
}
