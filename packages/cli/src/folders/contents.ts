// What is in an adapter folder, a model folder or a safetensors file, as data.
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  diskFolder,
  type Folder,
  fingerprintWeights,
  type Json,
  loadAdapter,
  openWeights,
  type Provenance,
  recordOf,
  type TrustOptions,
} from '@peftjs/checkpoint';
import { openModelFolder } from '@peftjs/models';
import { openSafetensors, type SafetensorsFile, type TensorFile } from '@peftjs/safetensors';
import { rememberBase } from './known-bases.ts';
import { countValues, groupTensors, type TensorFacts, type TensorGroup } from './tensor-summary.ts';

export interface Contents {
  readonly kind: 'adapter' | 'model' | 'file';
  readonly path: string;
  readonly config: Readonly<Record<string, Json>> | null;
  readonly tensors: readonly TensorGroup[];
  readonly tensorCount: number;
  /** Null where some are in codes: the shapes of these do not tell. */
  readonly parameters: number | null;
  /** Of an adapter's files, or of a model's or file's tensors. */
  readonly bytes: number;
  /** Of a model's weights. */
  readonly fingerprint: string | null;
  /** Of an adapter's content. */
  readonly hash: string | null;
  readonly provenance: Provenance | null;
  /** Whether the files are those that were saved; null where nothing says what they were. */
  readonly verified: boolean | null;
}

/** Types of what quantized weights are stored as. */
const CODES: ReadonlySet<string> = new Set(['U8', 'I8']);

/** @throws naming the file, key or tensor that is missing or broken */
export async function readContents(path: string, signal: AbortSignal, trust: TrustOptions): Promise<Contents> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() && !path.endsWith('.gguf')) return fileContents(path);
  const folder = await openModelFolder(path, { signal });
  return (await folder.list()).includes('adapter_config.json')
    ? adapterContents(path, folder, trust)
    : modelContents(path, folder, signal);
}

async function fileContents(path: string): Promise<Contents> {
  const source = await diskFolder(dirname(path)).open(basename(path));
  if (source === null) throw new Error(`[peftjs/cli] ${path} cannot be read`);
  return { ...described(path, await openSafetensors(source)), kind: 'file', config: null, fingerprint: null };
}

async function modelContents(path: string, folder: Folder, signal: AbortSignal): Promise<Contents> {
  const weights = await openWeights(folder);
  const fingerprint = await fingerprintWeights(weights, { signal });
  await rememberBase({ name: path, fingerprint });
  const provenance = (await recordOf(folder))?.provenance ?? null;
  if (provenance?.result !== undefined && provenance.result !== fingerprint)
    throw new Error(
      `[peftjs/cli] ${path} has the fingerprint ${fingerprint}, its peftjs.json speaks of ${provenance.result}: the weights were damaged, or changed on purpose; in that case delete peftjs.json`,
    );
  return { ...described(path, weights), kind: 'model', config: await readConfig(folder), fingerprint, provenance };
}

async function adapterContents(path: string, folder: Folder, trust: TrustOptions): Promise<Contents> {
  const { config, provenance } = await loadAdapter(folder, trust);
  const record = await recordOf(folder);
  const names = await folder.list();
  const sources = await Promise.all(names.map((name) => folder.open(name)));
  const weights = await openWeightsOf(folder);
  return {
    ...described(path, weights),
    kind: 'adapter',
    config,
    fingerprint: null,
    bytes: sources.reduce((sum, source) => sum + (source?.size ?? 0), 0),
    hash: record?.hash ?? null,
    provenance,
    verified: names.includes('peftjs.json') ? true : null,
  };
}

async function openWeightsOf(folder: Folder): Promise<SafetensorsFile> {
  const source = await folder.open('adapter_model.safetensors');
  if (source === null) throw new Error(`[peftjs/cli] ${folder.location} has no adapter_model.safetensors`);
  return openSafetensors(source);
}

async function readConfig(folder: Folder): Promise<Readonly<Record<string, Json>> | null> {
  const source = await folder.open('config.json');
  if (source === null) return null;
  try {
    return JSON.parse(new TextDecoder().decode(await source.read(0, source.size))) as Record<string, Json>;
  } catch (cause) {
    throw new Error(`[peftjs/cli] ${source.name} is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function described(path: string, file: TensorFile) {
  const tensors: TensorFacts[] = [...file.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return {
    path,
    tensors: groupTensors(tensors),
    tensorCount: tensors.length,
    parameters: tensors.some(({ dtype }) => CODES.has(dtype)) ? null : countValues(tensors),
    bytes: [...file.tensors.values()].reduce((sum, { begin, end }) => sum + end - begin, 0),
    hash: null,
    provenance: null,
    verified: null,
  };
}
