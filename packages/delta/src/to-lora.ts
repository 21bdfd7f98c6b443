// A delta of low rank as a LoRA adapter in a PEFT folder: change = u diag(s) v becomes B A with a root of s in each.
import {
  type Folder,
  type SavedAdapter,
  type SavedTensor,
  saveAdapter,
  siteKey,
  type TrustOptions,
  type WritableFolder,
} from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import { codecsFor } from './codec-for.ts';
import { LOW_RANK, lowRank, readFactors } from './codecs/low-rank.ts';
import { DeltaError } from './delta-error.ts';
import { storyIn } from './delta-record.ts';
import { type Facts, type Item, isSame } from './manifest.ts';
import { decodeNumbers, isFloat } from './numbers.ts';
import { type OpenDelta, openDelta } from './open-delta.ts';
import { pauseFor } from './pause.ts';
import type { DeltaRun } from './progress.ts';
import { FORWARD, prepare, type Run, restoredWhole } from './restore-model.ts';

export interface ToLoraOptions extends DeltaRun, TrustOptions {
  /** Needed where a change is not of low rank, as those of norms and biases: their tensors are carried whole. */
  readonly base?: string | Folder | undefined;
  /** Paths of embeddings, each with the paths of the outputs that share its table: `{ 'model.embed_tokens': ['lm_head'] }`. */
  readonly tables?: Readonly<Record<string, readonly string[]>> | undefined;
}

interface LoraSite {
  readonly path: string;
  readonly rank: number;
  readonly tensors: readonly SavedTensor[];
}

const WEIGHT = '.weight';

/**
 * Saves a delta as a LoRA adapter that PEFT loads onto the base: matrices of low rank as LoRA of scale 1, other changes, with
 * `base`, as modules and biases that were trained whole.
 *
 * @throws where a change fits neither, or the base is another one
 * @example
 * await diff('models/base', 'out/tuned', 'out/delta', { codec: lowRank({ rank: 16 }) });
 * await toLora('out/delta', 'out/adapter', { base: 'models/base' });
 */
export async function toLora(
  delta: string | Folder,
  out: string | WritableFolder,
  { base, tables = {}, ...how }: ToLoraOptions = {},
): Promise<SavedAdapter> {
  const opened = await openDelta(delta, how);
  const changed = [...opened.manifest.tensors].filter(([, item]) => !isSame(item));
  for (const [name, item] of changed) checkTensor(opened, name, item, base !== undefined);
  const low = changed.filter(([name, item]) => isLow(name, item));
  const sites: LoraSite[] = [];
  for (const [name, item] of low) sites.push(...(await sitesOf(opened, name, item.after as Facts, tables)));
  if (sites.length === 0)
    throw new DeltaError(`${opened.location} has no matrix of low rank; make it with the codec ${quote(LOW_RANK)}`);

  const others = changed.filter((one) => !low.includes(one)).map(([name]) => name);
  const targets = new Set(sites.map(({ path }) => path));
  const { whole, modules, hasBias } = await wholeTensors(opened, others, targets, tables, base, how);
  const { name, fingerprint } = opened.manifest.base;
  return saveAdapter(
    {
      config: {
        peft_type: 'LORA',
        task_type: null,
        base_model_name_or_path: name,
        inference_mode: true,
        init_lora_weights: true,
        bias: hasBias ? 'lora_only' : 'none',
        lora_dropout: 0,
        target_modules: [...targets],
        ...(modules.length > 0 && { modules_to_save: modules }),
        ...ranksOf(sites),
      },
      tensors: [...sites.flatMap(({ tensors }) => tensors), ...whole],
      provenance: { base: { name, fingerprint } },
    },
    out,
    { story: { ...storyIn(opened.provenance), parents: [opened.hash] } },
  );
}

function isLow(name: string, { payloads, after }: Item): boolean {
  return payloads.change?.codec === LOW_RANK && name.endsWith(WEIGHT) && after?.shape.length === 2;
}

function checkTensor({ location }: OpenDelta, name: string, item: Item, hasBase: boolean): void {
  const at = `${location}: tensor ${quote(name)}`;
  if (!item.payloads.change) throw new DeltaError(`${at} is new, gone or of another kind, which no LoRA can be`);
  if (isLow(name, item)) return;
  if (!isFloat((item.after as Facts).dtype) || !name.includes('.'))
    throw new DeltaError(`${at} is no parameter of a module, which a LoRA could carry`);
  if (!hasBase) throw new DeltaError(`${at} has a change that is not of low rank; give the base, to carry it whole`);
}

async function sitesOf(
  delta: OpenDelta,
  name: string,
  { shape }: Facts,
  tables: NonNullable<ToLoraOptions['tables']>,
): Promise<readonly LoraSite[]> {
  const [rows, columns] = shape as readonly [number, number];
  const { rank, u, s, v } = await readFactors(delta.stored('tensors', name, 'change'), { rows, columns });
  const left = u.map((value, at) => value * Math.sqrt(s[at % rank] as number));
  const right = v.map((value, at) => value * Math.sqrt(s[Math.floor(at / columns)] as number));
  const linear = (path: string): LoraSite => ({
    path,
    rank,
    tensors: [
      { key: siteKey(path, 'lora_A.weight'), shape: [rank, columns], data: right },
      { key: siteKey(path, 'lora_B.weight'), shape: [rows, rank], data: left },
    ],
  });
  const path = name.slice(0, -WEIGHT.length);
  const outputs = tables[path];
  if (outputs === undefined) return [linear(path)];
  const table: LoraSite = {
    path,
    rank,
    tensors: [
      { key: siteKey(path, 'lora_embedding_A'), shape: [rank, rows], data: transposed(left, rows, rank) },
      { key: siteKey(path, 'lora_embedding_B'), shape: [columns, rank], data: transposed(right, rank, columns) },
    ],
  };
  return [table, ...outputs.map(linear)];
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)] as number);
}

/** The largest rank, the others by their paths; alphas that make every scale 1. */
function ranksOf(sites: readonly LoraSite[]) {
  const r = Math.max(...sites.map(({ rank }) => rank));
  const others = sites.filter(({ rank }) => rank !== r);
  const exactly = (path: string) => `^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
  const pattern = Object.fromEntries(others.map(({ path, rank }) => [exactly(path), rank]));
  return { r, lora_alpha: r, rank_pattern: pattern, alpha_pattern: pattern };
}

/** What is not of low rank: biases of LoRA's targets, and modules with all of their parameters. */
async function wholeTensors(
  delta: OpenDelta,
  names: readonly string[],
  targets: ReadonlySet<string>,
  tables: NonNullable<ToLoraOptions['tables']>,
  base: string | Folder | undefined,
  how: DeltaRun,
) {
  if (base === undefined || names.length === 0) return { whole: [], modules: [], hasBias: false };
  const run = await prepare(FORWARD, base, delta, codecsFor(delta, [lowRank()]), pauseFor(how.signal), how);
  const pathOf = (name: string) => name.slice(0, name.lastIndexOf('.'));
  const changed = [...new Set(names.map(pathOf))];
  const modules = changed.filter((path) => !targets.has(path));
  const hasBias = changed.some((path) => targets.has(path));
  const whole: SavedTensor[] = [];
  for (const [name, { after }] of delta.manifest.tensors) {
    const [path, parameter] = [pathOf(name), name.slice(name.lastIndexOf('.') + 1)];
    if (after === null) continue;
    if (hasBias && targets.has(path) && parameter === 'bias')
      whole.push(await tensorOf(run, name, siteKey(path, 'base_layer.bias')));
    if (modules.includes(path)) {
      for (const one of [path, ...(tables[path] ?? [])]) whole.push(await tensorOf(run, name, siteKey(one, parameter)));
    }
  }
  return { whole, modules: modules.flatMap((path) => [path, ...(tables[path] ?? [])]), hasBias };
}

async function tensorOf(run: Run, name: string, key: string): Promise<SavedTensor> {
  const { dtype, shape } = (run.delta.manifest.tensors.get(name) as Item).after as Facts;
  const bytes = await restoredWhole(run, 'tensors', name);
  if (!isFloat(dtype)) throw new DeltaError(`tensor ${quote(name)} is ${dtype}, which no adapter holds`);
  return { key, shape, data: decodeNumbers(bytes, dtype) };
}
