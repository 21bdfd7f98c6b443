// The tuned model, read without being written: a tensor is restored when it is read, and checked against its hash.
import { type Folder, knownBase } from '@peftjs/checkpoint';
import {
  type ByteSource,
  memorySource,
  quote,
  type SafetensorsFile,
  safetensorsView,
  type TensorEntry,
} from '@peftjs/safetensors';
import type { TensorBytes, TensorKind } from './codec.ts';
import { codecsFor } from './codec-for.ts';
import { DeltaError } from './delta-error.ts';
import type { Section } from './manifest.ts';
import { modelSource, type Readable } from './model-source.ts';
import { type OpenDelta, openDelta } from './open-delta.ts';
import { pauseFor } from './pause.ts';
import { checkModel, FORWARD, type RestoreOptions, type Run, restoredWhole } from './restore-model.ts';
import { bytesOf, isSameKind } from './tensor-bytes.ts';

/** Tensors of a model, wherever they are: what a delta is read over. */
export interface ModelTensors {
  /** Shown in errors. */
  readonly name: string;
  /** Null where there is none of that name. */
  open(name: string): Promise<(TensorKind & TensorBytes) | null>;
}

/**
 * The tensors that a delta makes of its base's. Each is restored, whole, when something of it is read, and the last one is
 * kept. Reading rejects where the base is another one, or a chunk is damaged.
 */
export function tunedTensors(delta: OpenDelta, base: ModelTensors, options: RestoreOptions = {}): SafetensorsFile {
  const known = {
    name: base.name,
    open: async (section: Section, name: string) => (section === 'tensors' ? base.open(name) : null),
  };
  const run = runOver(delta, known, options);
  return tensorsOf(run, (name) => restoredWhole(run, 'tensors', name));
}

/**
 * A tuned model's folder out of its base and a delta: what loads it loads the tuned model, without it being written anywhere.
 *
 * @throws where the base lacks a tensor, or has one of another kind. Numbers are checked when they are read, and then the whole base,
 *   where they are others
 * @example
 * const model = await loadModel(await tunedFolder('models/base', 'out/delta'));
 */
export async function tunedFolder(
  base: string | Folder,
  delta: string | Folder,
  options: RestoreOptions = {},
): Promise<Folder> {
  const opened = await openDelta(delta, options);
  const known = await modelSource(base);
  for (const [name, { before }] of opened.manifest.tensors) {
    const found = known.weights.tensors.get(name);
    if (before === null || (found && isSameKind(found, before))) continue;
    const { base: wanted } = opened.manifest;
    throw new DeltaError(
      `${opened.location} was made for ${quote(wanted.name)} (${wanted.fingerprint}), ${known.name} has ${found ? 'another' : 'no'} ${quote(name)}; ` +
        `give the base it was made for${knownBase(wanted, null, options.known ?? [])}`,
    );
  }
  const run = { ...runOver(opened, known, options), known };
  /** A fault may be another base's, which is looked for only then: it takes reading all of it. */
  const restore = async (section: Section, name: string) => {
    try {
      return await restoredWhole(run, section, name);
    } catch (cause) {
      if (cause instanceof DeltaError) await checkModel(run, options);
      throw cause;
    }
  };
  const { files } = opened.manifest;
  return {
    location: opened.location,
    weights: tensorsOf(run, (name) => restore('tensors', name)),
    list: async () => [...files].flatMap(([name, { after }]) => (after ? [name] : [])),
    async open(name) {
      if (!files.get(name)?.after) return null;
      return memorySource(`${opened.location}: ${name}`, await restore('files', name));
    },
  };
}

function runOver(delta: OpenDelta, known: Readable, { codecs, signal }: RestoreOptions): Run {
  return { way: FORWARD, known, delta, codecFor: codecsFor(delta, codecs), pause: pauseFor(signal) };
}

function tensorsOf(
  { delta: { location, manifest } }: Run,
  restore: (name: string) => Promise<Uint8Array>,
): SafetensorsFile {
  const entries = new Map<string, TensorEntry>();
  const sources = new Map<TensorEntry, ByteSource>();
  let last: { readonly name: string; readonly bytes: Promise<Uint8Array> } | null = null;
  for (const [name, { after }] of manifest.tensors) {
    if (after === null) continue;
    const { dtype, shape } = after;
    const size = bytesOf(after);
    const entry = { dtype, shape, begin: 0, end: size, file: location };
    entries.set(name, entry);
    sources.set(entry, {
      name: location,
      size,
      async read(begin, end) {
        if (last?.name !== name) last = { name, bytes: restore(name) };
        return (await last.bytes).subarray(begin, end);
      },
    });
  }
  const metadata = new Map(Object.entries(manifest.tuned.metadata));
  return safetensorsView(location, metadata, entries, (entry) => sources.get(entry) as ByteSource);
}
