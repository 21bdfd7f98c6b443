// Trainable tokens: some rows E[k] of an embedding's table are replaced by rows R [n, d] that are trained, the others stay
// as they are. An output layer that shares the table takes the rows, too: its logits k are x R'.
import { lookup, rowsOf } from '@peftjs/backend';
import { type Folded, type Method, type Part, type Site, selectSites, type Targets, type Tensors } from '@peftjs/core';
import {
  add,
  cast,
  concat,
  equal,
  expandDims,
  gather,
  matMul,
  mul,
  oneHot,
  reshape,
  sub,
  sum,
  type Tensor,
  tensor1d,
  zeros,
} from '@tensorflow/tfjs-core';

export interface TrainableTokensOptions {
  /** Which rows, by their ids. */
  readonly tokens: readonly number[];
  /** Which tables; the input embeddings when left out. */
  readonly targets?: Targets['modules'];
  /** Beside LoRA in one adapter, as its `trainable_token_indices`; false when left out. */
  readonly withLora?: boolean;
}

const PREFIX = 'base_model.model.';
const FILE = 'trainable_tokens_delta';
const KINDS = new Set(['embedding', 'linear'] as const);

type Table = Extract<Site, { readonly kind: 'embedding' | 'linear' }>;

const isTable = (site: Site): site is Table => site.kind === 'embedding' || site.kind === 'linear';

type FoldArgs<K extends Table['kind']> = Parameters<NonNullable<Part<K>['fold']>>[0];

/** R of a site, which has it under the paths of all that share its table. */
function rowsFor({ path }: Site, shared: Tensors): Tensor {
  return Object.entries(shared).find(([paths]) => paths.split(' ').includes(path))?.[1] as Tensor;
}

/** y with what it has in the places that `chosen` [n, v] marks, along its last dimension, replaced by `fresh` [.., n]. */
function replace(y: Tensor, chosen: Tensor, fresh: Tensor): Tensor {
  return add(mul(y, sub(1, sum(chosen, 0))), reshape(matMul(rowsOf(fresh), chosen), y.shape));
}

/**
 * Trains these rows of the embedding, and of an output layer that shares it.
 *
 * @throws when there are no tokens, or one of them is no id or there twice
 * @example
 * attach(model, trainableTokens({ tokens: [5, 11] }));
 */
export function trainableTokens({ tokens, targets = ['embed'], withLora = false }: TrainableTokensOptions): Method {
  const wrong = tokens.find((id, k) => !(Number.isInteger(id) && id >= 0) || tokens.indexOf(id) !== k);
  if (wrong !== undefined) throw new Error(`[peftjs/lora] tokens has ${wrong}; give ids from 0 on, each once`);
  if (tokens.length === 0) throw new Error('[peftjs/lora] tokens is empty; give the ids of those to train');
  const ids = () => tensor1d([...tokens], 'int32');
  const marks = (vocab: number) => cast(oneHot(ids(), vocab), 'float32');
  const named = (sites: readonly Site[]) => selectSites(sites, { modules: targets }, KINDS).filter(isTable);
  const shares = (site: Site, tables: readonly Table[]) =>
    isTable(site) && tables.some((t) => t.weight === site.weight);
  const check = ({ weight }: Table) => {
    const beyond = tokens.find((id) => id >= weight.outDim);
    return beyond === undefined ? null : `token ${beyond} is beyond its ${weight.outDim} rows`;
  };
  const fold = <K extends Table['kind']>({ site, shared, weight, bias }: FoldArgs<K>): Folded => {
    const chosen = marks(weight.shape[0] as number);
    const kept = mul(weight, expandDims(sub(1, sum(chosen, 0)), 1));
    return { weight: add(kept, matMul(chosen, rowsFor(site, shared), true)), bias };
  };
  const embedding: Part<'embedding'> = {
    check,
    params: () => ({}),
    // The row of R that each token takes, counted from 1, or 0.
    derive({ vocab }) {
      const places = new Int32Array(vocab);
      for (const [k, id] of tokens.entries()) places[id] = k + 1;
      return { places: tensor1d(places, 'int32') };
    },
    forward({ site, x, base, shared, derived }) {
      const place = gather(derived.places as Tensor, x);
      const table = concat([zeros([1, site.dim]), rowsFor(site, shared)]);
      const stays = expandDims(cast(equal(place, 0), 'float32'), -1);
      return add(mul(base(x), stays), lookup(table, place));
    },
    fold,
  };
  const linear: Part<'linear'> = {
    check: (site) => (site.bias ? 'it has a bias' : check(site)),
    params: () => ({}),
    forward({ site, x, base, shared }) {
      const fresh = matMul(rowsOf(x), rowsFor(site, shared), false, true);
      return replace(base(x), marks(site.outDim), fresh);
    },
    fold,
    redundant: [FILE],
  };
  return {
    type: 'TRAINABLE_TOKENS',
    ...(withLora && { beside: (type: string) => type === 'LORA' }),
    targets: { modules: /.*/, where: (site, sites) => shares(site, named(sites)) },
    on: { embedding, linear },
    shared(sites) {
      const tables = sites.filter(isTable);
      const first = tables.filter((site) => tables.find((t) => t.weight === site.weight) === site);
      return Object.fromEntries(
        first.map(({ path, weight }) => [
          tables.flatMap((t) => (t.weight === weight ? t.path : [])).join(' '),
          {
            file: `${PREFIX}${path}.${withLora ? 'token_adapter.' : ''}${FILE}`,
            shape: [tokens.length, weight.inDim],
            init: () => weight.rows(ids()),
          },
        ]),
      );
    },
    exported(shared) {
      const copies = Object.entries(shared).flatMap(([paths, rows]) =>
        paths
          .split(' ')
          .slice(1)
          .map((path) => [`${PREFIX}${path}.${FILE}`, rows] as const),
      );
      return withLora ? {} : Object.fromEntries(copies);
    },
    config({ model }) {
      const paths = named(model).map(({ path }) => path);
      if (withLora) return { trainable_token_indices: Object.fromEntries(paths.map((path) => [path, tokens])) };
      return { token_indices: tokens, target_modules: paths, init_weights: true };
    },
  };
}
