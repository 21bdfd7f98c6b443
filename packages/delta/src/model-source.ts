// A model's folder as a delta sees it: its tensors, and the files beside them.
import { diskFolder, type Folder, isFileName, isWeightsFile, openSafetensorsWeights } from '@peftjs/checkpoint';
import { quote, type SafetensorsFile } from '@peftjs/safetensors';
import type { TensorBytes, TensorKind } from './codec.ts';
import { DeltaError } from './delta-error.ts';
import { hashOf } from './hash-of.ts';
import { type Facts, MANIFEST_FILE, type Section } from './manifest.ts';
import { bytesOf, fileBytes, memoryBytes, piecesOf } from './tensor-bytes.ts';

/** Files beside the weights that no model needs: kept out of a delta. */
const OTHERS = /^\.|^(README\.md|LICENSE.*)$/i;

/** Where a model's tensors, and the files beside them, are read. */
export interface Readable {
  readonly name: string;
  /** Bytes of one of them; null where there is none of that name. */
  open(section: Section, name: string): Promise<(TensorKind & TensorBytes) | null>;
}

export interface ModelSource extends Readable {
  readonly weights: SafetensorsFile;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names and kinds, of files too as far as the folder can list them. */
  names(section: Section): Promise<ReadonlyMap<string, TensorKind>>;
}

export async function modelSource(source: string | Folder): Promise<ModelSource> {
  const folder = typeof source === 'string' ? diskFolder(source) : source;
  const weights = await openSafetensorsWeights(folder);
  const openFile = async (name: string) => {
    const file = await folder.open(name);
    if (file === null) return null;
    const bytes = memoryBytes(await file.read(0, file.size));
    return { ...bytes, dtype: 'U8' as const, shape: [file.size] };
  };
  const sideFiles = async () => {
    const found = new Map<string, TensorKind>();
    for (const name of [...(await folder.list())].sort()) {
      if (isWeightsFile(name) || name === MANIFEST_FILE || OTHERS.test(name)) continue;
      const file = await folder.open(name);
      if (file) found.set(name, { dtype: 'U8', shape: [file.size] });
    }
    return found;
  };
  return {
    name: folder.location,
    weights,
    metadata: Object.fromEntries(weights.metadata),
    names: async (section) => (section === 'tensors' ? weights.tensors : sideFiles()),
    async open(section, name) {
      if (section === 'files') return openFile(name);
      const entry = weights.tensors.get(name);
      return entry ? { ...fileBytes(weights, name), dtype: entry.dtype, shape: entry.shape } : null;
    },
  };
}

/** A tensor or file of one of two models. */
export interface Key {
  readonly section: Section;
  readonly name: string;
  /** Of the larger of its two sides. */
  readonly bytes: number;
}

/** What is in one of the models or in both. */
export async function unionOf(before: ModelSource, after: ModelSource, section: Section): Promise<readonly Key[]> {
  const [old, fresh] = [await before.names(section), await after.names(section)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().map((name) => {
    if (section === 'files' && !isFileName(name)) throw new DeltaError(`${quote(name)} is no name of a file`);
    const sizes = [old.get(name), fresh.get(name)].map((kind) => (kind ? bytesOf(kind) : 0));
    return { section, name, bytes: Math.max(...sizes) };
  });
}

/** What a manifest says of a tensor or file. */
export async function factsOf(tensor: TensorKind & TensorBytes): Promise<Facts> {
  const { dtype, shape } = tensor;
  return { dtype, shape, sha256: await hashOf(piecesOf(tensor)) };
}
