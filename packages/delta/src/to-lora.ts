// A delta of low rank as a LoRA adapter in a PEFT folder: change = u diag(s) v becomes B A with a root of s in each.
import {
  type Folder,
  type SavedAdapter,
  type SavedTensor,
  type Story,
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

/** A module that has a tensor of the file: the file's name of it is `path.weight`, `path.bias`, or another. */
export interface Place {
  /** As PEFT names the module. */
  readonly path: string;
  /** `linear` when left out; what is neither layer nor table is `other`. */
  readonly kind?: 'linear' | 'embedding' | 'other';
  /** Of a layer [o, i]: the file has it as [i, o], as those of GPT-2. */
  readonly transposed?: boolean;
}

export interface ToLoraOptions extends DeltaRun, TrustOptions {
  /** Needed where a change is not of low rank, as those of norms and biases: their tensors are carried whole. */
  readonly base?: string | Folder | undefined;
  /**
   * Where tensors of the file belong, of tied ones each place; `placesOf` of delta-runtime says it of a loaded model. A tensor that
   * is not among them belongs to a layer of its own name.
   */
  readonly places?: ReadonlyMap<string, readonly Place[]> | undefined;
  /** What is said of the adapter beside what the delta says of itself: license, author. */
  readonly story?: Story | undefined;
}

interface LoraSite {
  readonly path: string;
  readonly rank: number;
  readonly tensors: readonly SavedTensor[];
  /** Whether it is a layer whose matrix is turned. */
  readonly turned: boolean;
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
  { base, places, story, ...how }: ToLoraOptions = {},
): Promise<SavedAdapter> {
  const opened = await openDelta(delta, how);
  const placesOf = (name: string) => places?.get(name) ?? [{ path: name.slice(0, name.lastIndexOf('.')) }];
  const changed = [...opened.manifest.tensors].filter(([, item]) => !isSame(item));
  const low = changed.filter(
    ([name, item]) => isLow(name, item) && placesOf(name).every(({ kind }) => kind !== 'other'),
  );
  for (const [name, item] of changed) {
    if (!low.some(([one]) => one === name)) checkWhole(opened, name, item, base !== undefined);
  }
  const sites: LoraSite[] = [];
  for (const [name, item] of low) sites.push(...(await sitesOf(opened, name, item.after as Facts, placesOf(name))));
  if (sites.length === 0)
    throw new DeltaError(`${opened.location} has no matrix of low rank; make it with the codec ${quote(LOW_RANK)}`);

  const others = changed.filter((one) => !low.includes(one)).map(([name]) => name);
  const targets = new Set(sites.map(({ path }) => path));
  const { whole, modules, hasBias } = await wholeTensors(opened, others, targets, placesOf, base, how);
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
        fan_in_fan_out: sites.some((site) => site.turned),
        target_modules: [...targets],
        ...(modules.length > 0 && { modules_to_save: modules }),
        ...ranksOf(sites),
      },
      tensors: [...sites.flatMap(({ tensors }) => tensors), ...whole],
      provenance: { base: { name, fingerprint } },
    },
    out,
    { story: { ...storyIn(opened.provenance), parents: [opened.hash], ...story } },
  );
}

function isLow(name: string, { payloads, after }: Item): boolean {
  return payloads.change?.codec === LOW_RANK && name.endsWith(WEIGHT) && after?.shape.length === 2;
}

/** @throws where a tensor that is no LoRA cannot be carried whole */
function checkWhole({ location }: OpenDelta, name: string, { payloads, after }: Item, hasBase: boolean): void {
  const at = `${location}: tensor ${quote(name)}`;
  if (!payloads.change) throw new DeltaError(`${at} is new, gone or of another kind, which no LoRA can be`);
  if (!isFloat((after as Facts).dtype) || !name.includes('.'))
    throw new DeltaError(`${at} is no parameter of a module, which a LoRA could carry`);
  if (!hasBase) throw new DeltaError(`${at} has a change that is not of low rank; give the base, to carry it whole`);
}

async function sitesOf(
  delta: OpenDelta,
  name: string,
  { shape }: Facts,
  places: readonly Place[],
): Promise<readonly LoraSite[]> {
  const [rows, columns] = shape as readonly [number, number];
  const { rank, u, s, v } = await readFactors(delta.stored('tensors', name, 'change'), { rows, columns });
  /** The change is left [rows, rank] times right [rank, columns]. */
  const left = u(0, rows).map((value, at) => value * Math.sqrt(s[at % rank] as number));
  const right = v.map((value, at) => value * Math.sqrt(s[Math.floor(at / columns)] as number));
  const turnedLeft = { shape: [rank, rows], data: turned(left, rows, rank) };
  const turnedRight = { shape: [columns, rank], data: turned(right, rank, columns) };
  return places.map(({ path, kind, transposed }) => {
    const tensor = (parameter: string, rest: Omit<SavedTensor, 'key'>) => ({ key: siteKey(path, parameter), ...rest });
    const tensors =
      kind === 'embedding'
        ? [tensor('lora_embedding_A', turnedLeft), tensor('lora_embedding_B', turnedRight)]
        : transposed
          ? [tensor('lora_A.weight', turnedLeft), tensor('lora_B.weight', turnedRight)]
          : [
              tensor('lora_A.weight', { shape: [rank, columns], data: right }),
              tensor('lora_B.weight', { shape: [rows, rank], data: left }),
            ];
    return { path, rank, tensors, turned: transposed === true };
  });
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
  placesOf: (name: string) => readonly Place[],
  base: string | Folder | undefined,
  how: DeltaRun,
) {
  if (base === undefined || names.length === 0) return { whole: [], modules: [], hasBias: false };
  const run = await prepare(FORWARD, base, delta, codecsFor(delta, [lowRank()]), pauseFor(how.signal), how);
  const changed = [...new Set(names.flatMap(placesOf).map(({ path }) => path))];
  const modules = changed.filter((path) => !targets.has(path));
  const hasBias = changed.some((path) => targets.has(path));
  const whole: SavedTensor[] = [];
  for (const [name, { after }] of delta.manifest.tensors) {
    if (after === null) continue;
    const parameter = name.slice(name.lastIndexOf('.') + 1);
    for (const { path } of placesOf(name)) {
      if (modules.includes(path)) whole.push(await tensorOf(run, name, siteKey(path, parameter)));
      else if (hasBias && targets.has(path) && parameter === 'bias')
        whole.push(await tensorOf(run, name, siteKey(path, 'base_layer.bias')));
    }
  }
  return { whole, modules, hasBias };
}

async function tensorOf(run: Run, name: string, key: string): Promise<SavedTensor> {
  const { dtype, shape } = (run.delta.manifest.tensors.get(name) as Item).after as Facts;
  const bytes = await restoredWhole(run, 'tensors', name);
  if (!isFloat(dtype)) throw new DeltaError(`tensor ${quote(name)} is ${dtype}, which no adapter holds`);
  return { key, shape, data: decodeNumbers(bytes, dtype) };
}

/** [columns, rows] of a matrix [rows, columns]. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[at++] as number;
  return out;
}
