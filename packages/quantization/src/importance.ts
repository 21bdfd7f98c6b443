// What enters each linear layer, on text like what the model is for: how large it is column by column, which is llama.cpp's
// importance matrix, or how columns go together too, which is GPTQ's. What a layer gives errs by the weight's error times it.
import type { Host, LinearSite } from '@peftjs/core';
import { add, keep, matMul, reshape, square, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** By the layer's path: the mean square of each input [i], or the mean products of each two [i, i]. */
export type Importance = ReadonlyMap<string, Float32Array>;

export interface ImportanceOptions {
  /** Whether products of each two inputs are measured, and not their squares alone; false by default. */
  readonly products?: boolean;
}

/** Of layers that are given the same input. */
interface Measured {
  total: Tensor | null;
  tokens: number;
}

/**
 * Measures it while `run` runs the model. A few thousand tokens are enough for squares; for products take ten for each input of the
 * widest layer, or they say what is so on these tokens alone. All but squares are made smaller by t / (t + i), t the tokens.
 *
 * @returns that of the layers that were run; those with the same input share one array
 * @example
 * const importance = await measureImportance(model, () => meanLoss(model, batches), { products: true });
 */
export async function measureImportance(
  host: Host,
  run: () => unknown,
  { products = false }: ImportanceOptions = {},
): Promise<Importance> {
  const measured = new Map<LinearSite, Measured>();
  let last: { readonly x: number; readonly of: Measured } | null = null;
  const count = (site: LinearSite, x: Tensor) => {
    if (last?.x === x.id && (measured.get(site) ?? last.of) === last.of) {
      measured.set(site, last.of);
      return;
    }
    const of = measured.get(site) ?? { total: null, tokens: 0 };
    measured.set(site, of);
    last = { x: x.id, of };
    const before = of.total;
    of.total = tidy(() => {
      const rows = reshape(x, [-1, site.inDim]);
      const more = products ? matMul(rows, rows, true) : sum(square(rows), 0);
      return keep(before ? add(before, more) : more);
    });
    before?.dispose();
    of.tokens += x.size / site.inDim;
  };
  const sites = host.sites().filter((site): site is LinearSite => site.kind === 'linear');
  const undos = sites.map((site) =>
    host.wrap<'linear'>(site, (base, x) => {
      count(site, x);
      return base(x);
    }),
  );
  try {
    await run();
    const found = new Map<Measured, Float32Array>();
    for (const of of new Set(measured.values())) {
      found.set(of, meanOf((await (of.total as Tensor).data<'float32'>()).slice(), of.tokens, products));
      of.total?.dispose();
    }
    return new Map([...measured].map(([site, of]) => [site.path, found.get(of) as Float32Array]));
  } finally {
    for (const undo of undos.reverse()) undo();
    for (const { total } of measured.values()) total?.dispose();
  }
}

/** In place. */
function meanOf(totals: Float32Array, tokens: number, products: boolean): Float32Array {
  const n = products ? Math.sqrt(totals.length) : 1;
  for (let k = 0; k < totals.length; k++) {
    const isSquare = !products || k % (n + 1) === 0;
    totals[k] = (totals[k] as number) / (isSquare ? tokens : tokens + n);
  }
  return totals;
}
