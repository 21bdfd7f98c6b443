// Any change of weight as a LoRA adapter: for each matrix the best product of a rank, or the least rank that keeps a share
// of the change.
import { nextTurn } from '@peftjs/backend';
import { Matrix } from 'ml-matrix';
import { checkFit, type Fit } from './fit.ts';
import { decompose } from './low-rank.ts';
import { type FittedAdapter, type FittedSite, reportOf, type SiteFit, writeAdapter } from './write-adapter.ts';

/** A matrix before and after it was trained. */
export interface WeightChange {
  /** The module's, as PEFT names it. */
  readonly path: string;
  /**
   * The matrix of a linear layer [o, i], the table of an embedding [vocab, dim] (o = vocab, i = dim), or the filters of a
   * convolution [o, i, ...kernel]; row-major.
   */
  readonly before: ArrayLike<number>;
  readonly after: ArrayLike<number>;
  readonly outDim: number;
  readonly inDim: number;
  /** `linear` when left out. */
  readonly kind?: 'linear' | 'embedding';
  /** A convolution's: height and width. */
  readonly kernel?: readonly number[];
  /** The model's files hold the matrix as [i, o], as GPT-2's Conv1D; here it is [o, i] all the same. */
  readonly transposed?: boolean;
}

export interface ExtractOptions {
  /** What was changed: the adapter will attach to this base alone. */
  readonly base?: { readonly name: string; readonly fingerprint: string };
  readonly signal?: AbortSignal;
  /** Called after each module. */
  readonly onSite?: (site: SiteFit) => void;
}

/** After - before, [o, i]; of an embedding transposed, as LoRA's B A is. */
function difference({ path, before, after, outDim, inDim, kind, kernel = [] }: WeightChange): Matrix {
  const columns = kernel.reduce((n, d) => n * d, inDim);
  const size = outDim * columns;
  if (before.length !== size || after.length !== size || size === 0) {
    throw new Error(
      `[peftjs/lora] "${path}" has ${before.length} numbers before and ${after.length} after; ${outDim} x ${columns} are ${size}`,
    );
  }
  const values = Array.from(before, (value, i) => (after[i] as number) - value);
  if (!values.every(Number.isFinite)) throw new Error(`[peftjs/lora] the change of "${path}" is not finite`);
  const change = Matrix.from1DArray(outDim, columns, values);
  return kind === 'embedding' ? change.transpose() : change;
}

function fitOne(change: WeightChange, fit: Fit): FittedSite | null {
  const matrix = difference(change);
  if (matrix.norm() === 0) return null;
  const { path, kind = 'linear', inDim, kernel = [] } = change;
  const inShape = kind === 'embedding' ? [matrix.columns] : [inDim, ...kernel];
  return { path, kind, inShape, low: decompose(matrix, fit) };
}

/**
 * A LoRA adapter that does what a change of weights does, as nearly as the fit asks for. One matrix at a time is in memory
 * where `changes` is a generator; matrices that did not change are left out.
 *
 * @returns what `restore` attaches and `saveAdapter` saves, and in `sites` the rank, kept energy and error of each module
 * @throws when nothing has changed, a path comes twice, a size is wrong or a number is not finite
 * @example
 * const adapter = await extractLora([{ path: 'lm_head', before, after, outDim: 2, inDim: 3 }], { energy: 0.9 });
 */
export async function extractLora(
  changes: Iterable<WeightChange> | AsyncIterable<WeightChange>,
  fit: Fit,
  { base, signal, onSite }: ExtractOptions = {},
): Promise<FittedAdapter> {
  checkFit(fit);
  if (fit.r === undefined && fit.energy === undefined)
    throw new Error('[peftjs/lora] the fit says neither r nor energy; give one of them');
  const sites: FittedSite[] = [];
  const seen = new Set<string>();
  let transposed = false;
  for await (const change of changes) {
    await nextTurn();
    signal?.throwIfAborted();
    if (seen.has(change.path)) throw new Error(`[peftjs/lora] "${change.path}" comes twice; give each module once`);
    seen.add(change.path);
    const site = fitOne(change, fit);
    if (site === null) continue;
    sites.push(site);
    transposed ||= change.transposed === true;
    onSite?.(reportOf(site));
  }
  if (sites.length === 0) throw new Error('[peftjs/lora] no weight has changed; there is nothing to extract');
  return writeAdapter({ sites, config: { fan_in_fan_out: transposed }, base: base ?? null });
}
