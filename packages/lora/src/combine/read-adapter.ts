// A saved LoRA adapter taken apart: what it changes at each module, and what it trained whole.
import { type AdapterSnapshot, nearest, type SavedTensor } from '@peftjs/core';
import { Matrix } from 'ml-matrix';
import { type LoraPlace, PREFIX } from '../extract/write-adapter.ts';
import { type LoraFacts, readConfig } from './read-config.ts';

/** s b a, before DoRA. */
export interface LoraChange extends LoraPlace {
  /** [r, i] */
  readonly a: Matrix;
  /** [o, r] */
  readonly b: Matrix;
  readonly scale: number;
  /** DoRA's, [o]. */
  readonly magnitude: Float32Array | null;
  /** B's bias, [o]; the scale counts for it too. */
  readonly upBias: Float32Array | null;
}

export interface LoraAdapter {
  /** Names it in errors: `adapter 2`. */
  readonly who: string;
  readonly weight: number;
  readonly snapshot: AdapterSnapshot;
  readonly facts: LoraFacts;
  /** By path. */
  readonly changes: ReadonlyMap<string, LoraChange>;
  /** Tensors that stand in for the base's own, by name: `classifier.weight`. */
  readonly whole: ReadonlyMap<string, SavedTensor>;
}

type Files = Readonly<Record<string, SavedTensor>>;

const BASE_BIAS = 'base_layer.bias';
/** PEFT saves the table of an adapted embedding as well, as it was. */
const BASE_WEIGHT = 'base_layer.weight';
const FILES: readonly string[] = [
  ...['lora_A.weight', 'lora_B.weight', 'lora_B.bias', 'lora_embedding_A', 'lora_embedding_B'],
  ...['lora_magnitude_vector', BASE_BIAS, BASE_WEIGHT],
];

/** Whether a module above this tensor was trained whole; a name matches any end of a path, as in PEFT. */
function isTrainedWhole(name: string, { modulesToSave, bias }: LoraFacts): boolean {
  if (bias === 'all' && name.endsWith('.bias')) return true;
  const steps = name.split('.');
  const modules = steps.map((_, i) => steps.slice(0, i).join('.'));
  return modules.some((module) => modulesToSave.some((end) => module.endsWith(end)));
}

function changeAt(path: string, files: Files, facts: LoraFacts, fail: (what: string) => never): LoraChange {
  const table = 'lora_embedding_A' in files || 'lora_embedding_B' in files;
  const [nameA, nameB] = table ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
  const need = (name: string) => files[name] ?? fail(`has no "${PREFIX}${path}.${name}"`);
  const [a, b] = [need(nameA as string), need(nameB as string)];
  const [r, ...inShape] = a.shape as [number, ...number[]];
  const [o, width, ...ones] = b.shape as [number, number, ...number[]];
  const rank = facts.rankAt(path);
  if (r !== rank || width !== rank || ones.some((n) => n !== 1) || ones.length !== inShape.length - 1)
    fail(`has A [${a.shape}] and B [${b.shape}] at "${path}", where its configuration says rank ${rank}`);
  const vector = (name: string): Float32Array | null => {
    const found = files[name];
    if (found !== undefined && found.data.length !== o)
      fail(`has shape [${found.shape}] for "${found.key}"; the layer has ${o} outputs`);
    return found?.data ?? null;
  };
  const magnitude = vector('lora_magnitude_vector');
  if ((magnitude !== null) !== facts.dora)
    fail(`has ${magnitude ? 'a' : 'no'} lora_magnitude_vector at "${path}", and use_dora is ${facts.dora}`);
  const matrix = ({ data }: SavedTensor, rows: number, columns: number) =>
    Matrix.from1DArray(rows, columns, data as unknown as number[]);
  return {
    path,
    kind: table ? 'embedding' : 'linear',
    inShape,
    a: matrix(a, rank, a.data.length / rank),
    b: matrix(b, o, rank),
    scale: facts.scaleAt(path),
    magnitude,
    upBias: vector('lora_B.bias'),
  };
}

function checkTensor({ key, shape, data }: SavedTensor, fail: (what: string) => never): void {
  if (shape.reduce((n, d) => n * d, 1) !== data.length)
    fail(`has shape [${shape}] for the ${data.length} numbers of "${key}"`);
  const wrong = data.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) fail(`holds ${wrong} in "${key}"`);
}

/**
 * @param who names the adapter in errors
 * @throws when it cannot be combined, a tensor is missing or unknown, a shape is wrong, or a number is not finite
 */
export function readAdapter(snapshot: AdapterSnapshot, weight: number, who: string): LoraAdapter {
  const fail = (what: string): never => {
    throw new Error(`[peftjs/lora] ${who} ${what}`);
  };
  const facts = readConfig(snapshot.config, who);
  if (!Number.isFinite(weight)) fail(`has the weight ${weight}; give a number`);
  const modules = new Map<string, Record<string, SavedTensor>>();
  const whole = new Map<string, SavedTensor>();
  for (const tensor of snapshot.tensors) {
    checkTensor(tensor, fail);
    const name = tensor.key.slice(PREFIX.length);
    const file = FILES.find((end) => name.endsWith(`.${end}`));
    const path = file === undefined ? '' : name.slice(0, -file.length - 1);
    if (file === BASE_BIAS) whole.set(`${path}.bias`, tensor);
    else if (file === BASE_WEIGHT) continue;
    else if (file !== undefined) modules.set(path, { ...modules.get(path), [file]: tensor });
    else if (isTrainedWhole(name, facts)) whole.set(name, tensor);
    else fail(`has "${tensor.key}", which is no tensor of LoRA${nearest(name.split('.').slice(-2).join('.'), FILES)}`);
  }
  if (modules.size === 0) fail('has no tensor of LoRA');
  const changes = new Map([...modules].map(([path, files]) => [path, changeAt(path, files, facts, fail)]));
  return { who, weight, snapshot, facts, changes, whole };
}
