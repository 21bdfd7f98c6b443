// The change from a base to a tuned model as a delta folder, one tensor after the other.
import { diskFolder, type Folder, type WritableFolder } from '@peftjs/checkpoint';
import type { Codec, Pause, TensorKind } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { storyOf } from './delta-record.ts';
import { encodeChange, encodeWhole } from './encode-change.ts';
import { inTurn } from './in-turn.ts';
import type { Section } from './manifest.ts';
import { factsOf, type Key, type ModelSource, modelSource, unionOf } from './model-source.ts';
import { pauseFor } from './pause.ts';
import { isSameKind } from './tensor-bytes.ts';
import { type DiffResult, type Made, type WriteOptions, writeDelta } from './write-delta.ts';

export interface DiffOptions extends WriteOptions {
  /** What the base is called in the delta; its folder when left out. */
  readonly baseName?: string | undefined;
  /** Whether what only undoing takes is kept: what the tuned model lacks, and what a codec needs for it. True when left out. */
  readonly reversible?: boolean | undefined;
  /**
   * What stores the changes of tensors, the same for all or one for each; `exact()` when left out. What it cannot take is
   * stored exact, and so is what is new, has another shape or dtype, and every file.
   */
  readonly codec?: Codec | CodecChoice | undefined;
}

/** Names what stores the change of a tensor. */
export type CodecChoice = (tensor: NamedTensor) => Codec;

export interface NamedTensor extends TensorKind {
  readonly name: string;
}

/**
 * Writes the delta from `base` to `tuned`, folders or paths, to `out`, all or nothing. What is the same in both is named
 * by its hash, what has another shape or dtype is stored whole.
 *
 * @example
 * await diff('models/base', 'out/tuned', 'out/delta');
 */
export async function diff(
  base: string | Folder,
  tuned: string | Folder,
  out: string | WritableFolder,
  options: DiffOptions = {},
): Promise<DiffResult> {
  const { baseName, reversible = true, codec = exact(), signal } = options;
  const [before, after] = [inTurn(await modelSource(base)), inTurn(await modelSource(tuned))];
  const choose = typeof codec === 'function' ? codec : () => codec;
  const encoder: Encoder = { before, after, reversible, choose, pause: pauseFor(signal) };
  return writeDelta(
    out,
    {
      keys: [...(await unionOf(before, after, 'tensors')), ...(await unionOf(before, after, 'files'))],
      base: { name: baseName ?? before.name, metadata: before.metadata },
      tuned: { name: after.name, metadata: after.metadata },
      story: await storyOf(typeof tuned === 'string' ? diskFolder(tuned) : tuned),
      pause: encoder.pause,
      make: (key) => encode(encoder, key),
      frees: true,
    },
    options,
  );
}

interface Encoder {
  readonly before: ModelSource;
  readonly after: ModelSource;
  readonly reversible: boolean;
  readonly choose: CodecChoice;
  readonly pause: Pause;
}

async function encode({ before: from, after: to, reversible, choose, pause }: Encoder, key: Key): Promise<Made> {
  const { section, name } = key;
  const [[old, before], [fresh, after]] = await Promise.all([
    openWithFacts(from, section, name),
    openWithFacts(to, section, name),
  ]);
  if (old && fresh && before && after && isSameKind(before, after)) {
    if (before.sha256 === after.sha256) return { before, after, changes: {} };
    const { dtype, shape } = after;
    const change = { tensor: { dtype, shape }, base: old, tuned: fresh };
    const codec = section === 'tensors' ? choose({ name, dtype, shape }) : exact();
    const { changes, sha256 } = await encodeChange(codec, change, { reversible, pause });
    if (sha256 === null) return { before, after, changes };
    const applied = { ...after, sha256 };
    return { before, after: applied, original: after, changes: sha256 === before.sha256 ? {} : changes };
  }
  return { before, after, changes: await encodeWhole(old, fresh, reversible, pause) };
}

async function openWithFacts(source: ModelSource, section: Section, name: string) {
  const tensor = await source.open(section, name);
  return tensor ? ([tensor, await factsOf(tensor)] as const) : ([null, null] as const);
}
