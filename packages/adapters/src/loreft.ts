// LoReFT (Wu et al., arXiv 2404.03592): a block's output h becomes h + R' (W h + b - R h) at some of each row's positions;
// W [r, d] and b [r] are trained, and R0 [r, d], of which R = (R0 R0')^(-1/2) R0 has orthonormal rows.
import { rowsOf } from '@peftjs/backend';
import type { Method, Part } from '@peftjs/core';
import { add, matMul, mul, reshape, sub, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { editedPositions } from './edited-positions.ts';
import { orthonormalRows, uniformOver } from './initializers.ts';
import { polar } from './polar.ts';

export interface LoreftOptions {
  /** How many directions are edited; 4 when left out. */
  readonly r?: number;
  /** After which blocks, by number; after all when left out. */
  readonly layers?: readonly number[];
  /** How many positions are edited from the start of each row; 1 when left out. */
  readonly first?: number;
  /** How many from its end; 1 when left out. */
  readonly last?: number;
  /** Names of blocks, in place of `layers`. */
  readonly targets?: readonly string[] | string | RegExp;
}

type LoreftTensors = { readonly rotate: Tensor; readonly source: Tensor; readonly bias: Tensor };

/**
 * LoReFT on a model's stream.
 *
 * @throws when a number is out of its range, or options contradict each other
 * @example
 * attach(model, loreft({ r: 4, layers: [1, 3], first: 2, last: 2 }));
 */
export function loreft(options: LoreftOptions = {}): Method {
  const { r = 4, first = 1, last = 1, layers } = options;
  check(options);
  const stream: Part<'stream'> = {
    check: ({ dim }) => (r > dim ? `r is ${r}, the stream is ${dim} wide; give at most that` : null),
    params: ({ dim }) => ({
      rotate: { file: 'reft_rotate.weight', shape: [r, dim], init: orthonormalRows },
      source: { file: 'reft_source.weight', shape: [r, dim], init: uniformOver(dim) },
      bias: { file: 'reft_source.bias', shape: [r], init: uniformOver(dim) },
    }),
    forward({ x, base, params, ctx }) {
      const h = base(x);
      const edited = editedPositions(ctx, h.shape, { first, last });
      if (edited === null) return h;
      const { rotate, source, bias } = params as LoreftTensors;
      const directions = polar(rotate as Tensor2D);
      // W h - R h in one product.
      const along = add(matMul(rowsOf(h), sub(source, directions), false, true), bias);
      return add(h, reshape(matMul(mul(along, edited), directions), h.shape));
    },
  };
  return {
    type: 'LOREFT',
    // The end of a block's path is its number.
    targets: { modules: options.targets ?? layers?.map(String) ?? ['block'] },
    on: { stream },
    config: ({ sites }) => ({
      library_name: 'peftjs',
      r,
      first,
      last,
      target_modules: sites.map((site) => site.path),
    }),
  };
}

function check({ r = 4, layers, first = 1, last = 1, targets }: LoreftOptions): void {
  const fail = (what: string) => {
    throw new Error(`[peftjs/adapters] ${what}`);
  };
  const isCount = (n: number) => Number.isInteger(n) && n >= 0;
  if (!(isCount(r) && r > 0)) fail(`r is ${r}; give a whole number above 0`);
  if (!isCount(first)) fail(`first is ${first}; give a whole number, 0 for none`);
  if (!isCount(last)) fail(`last is ${last}; give a whole number, 0 for none`);
  if (first + last === 0) fail('first and last are both 0, so that nothing is edited; give one of them');
  if (layers && targets) fail('layers and targets both name blocks; leave one out');
  if (layers?.length === 0) fail('layers is empty; name some, or leave it out for all');
}
