// How large what enters each linear layer is, column by column, on text like what the model is for: llama.cpp's importance matrix.
// An error in a weight changes what the layer gives by as much as its column's input is large.
import type { FileMatrix, Host, LinearSite } from '@peftjs/core';
import { add, keep, mul, reshape, square, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** The mean square of each input [i] of a layer, by the layer's path. */
export type Importance = ReadonlyMap<string, Float32Array>;

/**
 * Measures it while `run` runs the model. A few thousand tokens are enough.
 *
 * @returns that of the layers that were run
 * @example
 * const importance = await measureImportance(model, () => meanLoss(model, batches));
 */
export async function measureImportance(host: Host, run: () => unknown): Promise<Importance> {
  const sums = new Map<LinearSite, Tensor>();
  const counts = new Map<LinearSite, number>();
  const count = (site: LinearSite, x: Tensor) => {
    const before = sums.get(site);
    const total = tidy(() => {
      const more = sum(square(reshape(x, [-1, site.inDim])), 0);
      return keep(before ? add(before, more) : more);
    });
    before?.dispose();
    sums.set(site, total);
    counts.set(site, (counts.get(site) ?? 0) + x.size / site.inDim);
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
    const found = new Map<string, Float32Array>();
    for (const [site, total] of sums) {
      const mean = mul(total, 1 / (counts.get(site) as number));
      found.set(site.path, (await mean.data<'float32'>()).slice());
      mean.dispose();
    }
    return found;
  } finally {
    for (const undo of undos.reverse()) undo();
    for (const total of sums.values()) total.dispose();
  }
}

/**
 * That of a matrix of a file, which may call it without what the model's class puts before the path.
 *
 * @throws where it has none, or one of another width
 */
export function importanceOf(importance: Importance, { name, inDim }: FileMatrix): Float32Array {
  const module = name.replace(/\.weight$/, '');
  const path = importance.has(module) ? module : [...importance.keys()].find((one) => one.endsWith(`.${module}`));
  const found = path === undefined ? undefined : importance.get(path);
  if (found?.length === inDim) return found;
  const what = found ? `has ${found.length} columns for "${name}", which has ${inDim}` : `has nothing of "${name}"`;
  throw new Error(
    `[peftjs/quantization] the importance given ${what}; measure it on this model, and store embeddings and output otherwise, ` +
      'as byRole({ embed: int8(), head: int8() }, nf4({ importance })) does',
  );
}
