// out = c + scale · A B for products of which one side is narrow, as the low-rank terms are. A and B are read by their strides,
// so that either may be turned.
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';

/** A workgroup makes a square of so many rows and columns. */
const TILE = 16;
/** What a product is added to. */
const [NOTHING, C, ITSELF] = [0, 1, 2];

const product = {
  name: 'product',
  reads: { a: 'f32', b: 'f32', c: 'f32' },
  writes: { y: 'f32' },
  numbers: {
    m: 'u32',
    n: 'u32',
    k: 'u32',
    aRow: 'u32',
    aColumn: 'u32',
    bRow: 'u32',
    bColumn: 'u32',
    aAt: 'u32',
    bAt: 'u32',
    yAt: 'u32',
    scale: 'f32',
    adds: 'u32',
  },
  body: `
var<workgroup> left: array<f32, ${TILE * TILE}>;
var<workgroup> right: array<f32, ${TILE * TILE}>;
${entry(TILE * TILE)} {
  let across = (p.n + ${TILE - 1}u) / ${TILE}u;
  let tile = groupIndex(group, groups);
  let down = lane / ${TILE}u;
  let along = lane % ${TILE}u;
  let row = tile / across * ${TILE}u + down;
  let column = tile % across * ${TILE}u + along;
  var sum = 0.0;
  for (var k = 0u; k < p.k; k += ${TILE}u) {
    left[lane] = 0.0;
    right[lane] = 0.0;
    if (row < p.m && k + along < p.k) { left[lane] = a[p.aAt + row * p.aRow + (k + along) * p.aColumn]; }
    if (column < p.n && k + down < p.k) { right[lane] = b[p.bAt + (k + down) * p.bRow + column * p.bColumn]; }
    workgroupBarrier();
    for (var i = 0u; i < ${TILE}u; i++) { sum += left[down * ${TILE}u + i] * right[i * ${TILE}u + along]; }
    workgroupBarrier();
  }
  if (row < p.m && column < p.n) {
    let at = p.yAt + row * p.n + column;
    sum *= p.scale;
    if (p.adds == ${C}u) { sum += c[at]; }
    if (p.adds == ${ITSELF}u) { sum += y[at]; }
    y[at] = sum;
  }
}`,
} as const satisfies Shader;

/** A contiguous matrix of so many columns, or what it is turned. */
export interface Side {
  readonly of: TensorInfo;
  readonly columns: number;
  readonly turned?: boolean;
  /** The first row that takes part; 0 when left out. */
  readonly from?: number;
}

export interface ProductOptions {
  readonly scale?: number;
  /** What the product is added to, of y's shape; `y` where it is what y holds. */
  readonly onto?: TensorInfo | 'y';
  /** The row of y at which the product begins; 0 when left out. */
  readonly to?: number;
}

const strides = ({ columns, turned }: Side) => (turned ? { row: 1, column: columns } : { row: columns, column: 1 });

/** Records y = onto + scale · A B, y [m, n] and A [m, k]. */
export function runProduct(
  r: Runtime,
  a: Side,
  b: Side,
  y: TensorInfo,
  [m, n, k]: readonly [number, number, number],
  { scale = 1, onto, to = 0 }: ProductOptions = {},
): void {
  const [A, B] = [strides(a), strides(b)];
  const numbers = {
    m,
    n,
    k,
    aRow: A.row,
    aColumn: A.column,
    bRow: B.row,
    bColumn: B.column,
    aAt: (a.from ?? 0) * a.columns,
    bAt: (b.from ?? 0) * b.columns,
    yAt: to * n,
    scale,
    adds: onto === undefined ? NOTHING : onto === 'y' ? ITSELF : C,
  };
  const c = onto === undefined || onto === 'y' ? a.of : onto;
  r.run(product, { a: a.of, b: b.of, c, y }, numbers, Math.ceil(m / TILE) * Math.ceil(n / TILE));
}
