// One model out of the other and a delta: the tuned one out of the base, or the base out of the tuned one.
import {
  type Folder,
  fingerprintOf,
  type KnownBase,
  knownBase,
  startSha256,
  type TensorDigest,
  type TrustOptions,
} from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import type { Codec, Pause } from './codec.ts';
import type { CodecFor } from './codec-for.ts';
import { DeltaError } from './delta-error.ts';
import { inTurn } from './in-turn.ts';
import { type Facts, type Item, isSame, type Section } from './manifest.ts';
import { factsOf, type ModelSource, modelSource, type Readable } from './model-source.ts';
import type { OpenDelta } from './open-delta.ts';
import { type DeltaRun, progressOf } from './progress.ts';
import { bytesOf, collectPieces, isSameKind, piecesOf, streamedBytes, zeroBytes } from './tensor-bytes.ts';

export interface RestoreOptions extends DeltaRun, TrustOptions {
  /** What reads the changes beside `exact()`. */
  readonly codecs?: readonly Codec[] | undefined;
  /** Models that an error about a wrong one may name. */
  readonly known?: Iterable<KnownBase> | undefined;
}

/** Which of the two models is there, and which is wanted. */
export interface Direction {
  readonly from: 'before' | 'after';
  readonly to: 'before' | 'after';
  readonly known: 'base' | 'tuned';
  readonly wanted: 'base' | 'tuned';
  /** How a codec goes this way. */
  readonly step: (codec: Codec) => Codec['decode'];
  /** Whether what a lossy codec gives this way is corrected. */
  readonly corrects: boolean;
}

export const FORWARD: Direction = {
  from: 'before',
  to: 'after',
  known: 'base',
  wanted: 'tuned',
  step: (codec) => codec.decode,
  corrects: false,
};
export const BACKWARD: Direction = {
  from: 'after',
  to: 'before',
  known: 'tuned',
  wanted: 'base',
  step: (codec) => codec.undo,
  corrects: true,
};

/** A direction with all that it needs. */
export interface Run {
  readonly way: Direction;
  readonly known: Readable;
  readonly delta: OpenDelta;
  readonly codecFor: CodecFor;
  readonly pause: Pause;
}

/** What is to come out. */
export function* wantedOf({ way, delta: { manifest } }: Run): Generator<readonly [Section, string, Facts]> {
  for (const section of ['tensors', 'files'] as const) {
    for (const [name, { [way.to]: facts }] of manifest[section]) if (facts) yield [section, name, facts];
  }
}

/** Checks everything that can be checked before the first byte is written. */
export async function prepare(
  way: Direction,
  source: string | Folder,
  delta: OpenDelta,
  codecFor: CodecFor,
  pause: Pause,
  options: RestoreOptions,
): Promise<Run> {
  const known = inTurn(await modelSource(source));
  const run = { way, known, delta, codecFor, pause };
  for (const section of ['tensors', 'files'] as const) {
    for (const [name, item] of delta.manifest[section]) checkWay(run, section, name, item);
  }
  await checkModel(run, options);
  return run;
}

function checkWay({ way, delta, codecFor }: Run, section: Section, name: string, item: Item): void {
  if (item[way.to] === null || isSame(item)) return;
  const payload = item.payloads.change ?? item.payloads[way.to];
  const at = placeOf(delta, section, name);
  if (payload === undefined || (way.corrects && payload.forward))
    throw new DeltaError(`${at} cannot be undone: the delta was made without what only undoing takes`);
  const isLossy = way.corrects && item.payloads.change && !codecFor(payload.codec).lossless && payload.error > 0;
  if (isLossy && !item.payloads.correction)
    throw new DeltaError(
      `${at} cannot be undone: the codec ${quote(payload.codec)} does not give back every bit, and the delta was made without what it loses; take the base itself`,
    );
}

function placeOf({ location }: OpenDelta, section: Section, name: string): string {
  return `${location}: ${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)}`;
}

/** @throws where the model that is there has not the tensors that the delta was made of, all and no others */
export async function checkModel(
  { way, known, delta, pause }: Run & { readonly known: ModelSource },
  options: RestoreOptions,
): Promise<void> {
  const { manifest } = delta;
  const tell = progressOf(
    options,
    'reading',
    [...known.weights.tensors.values()].reduce((sum, { begin, end }) => sum + end - begin, 0),
  );
  const digests: TensorDigest[] = [];
  let wrong: string | null = null;
  for (const name of known.weights.tensors.keys()) {
    await pause();
    const tensor = (await known.open('tensors', name)) as NonNullable<Awaited<ReturnType<ModelSource['open']>>>;
    const facts = await factsOf(tensor);
    digests.push({ name, ...facts });
    if (manifest.tensors.get(name)?.[way.from]?.sha256 !== facts.sha256) wrong ??= name;
    tell(name, tensor.bytes);
  }
  const expected = manifest[way.known];
  const found = await fingerprintOf(digests);
  if (found === expected.fingerprint) return;
  if (way.corrects && found === manifest.original)
    throw new DeltaError(
      `${known.name} is the model that ${delta.location} was made of, by a lossy codec; give what applying it gives`,
    );
  const missing = [...manifest.tensors].find(([name, item]) => item[way.from] && !known.weights.tensors.has(name));
  const first = wrong === null ? missing && `${quote(missing[0])} is missing` : `${quote(wrong)} differs`;
  throw new DeltaError(
    `${delta.location} was made ${way.known === 'base' ? 'for' : 'of'} ${quote(expected.name)} (${expected.fingerprint}), ` +
      `${known.name} has ${found}${first ? `: ${first}` : ''}; give the ${way.known === 'base' ? 'base it was made for' : 'tuned model it was made of'}${knownBase(expected, found, options.known ?? [])}`,
  );
}

/** A tensor or file as it is wanted, in pieces. @throws after the last of them, where all together have another hash than they should */
export async function* restored(
  { way, known, delta, codecFor, pause }: Run,
  section: Section,
  name: string,
): AsyncGenerator<Uint8Array> {
  const item = delta.manifest[section].get(name) as Item;
  const facts = item[way.to] as Facts;
  const size = bytesOf(facts);
  const at = placeOf(delta, section, name);
  const hash = await startSha256();
  let filled = 0;
  try {
    for await (const piece of await source()) {
      await pause();
      filled += piece.length;
      if (filled > size) break;
      await hash.update(piece);
      yield piece;
    }
  } catch (cause) {
    if (!(cause instanceof DeltaError) || cause.message.includes(at)) throw cause;
    throw new DeltaError(`${at}: ${cause.message.replace('[peftjs/delta] ', '')}`, { cause });
  }
  const digest = await hash.digest();
  if (filled === size && digest === facts.sha256) return;
  throw new DeltaError(
    `${at} comes out with the SHA-256 ${digest}, not ${facts.sha256}: the delta is damaged, or ${known.name} has another ${section === 'tensors' ? 'tensor' : 'file'} of that name`,
  );

  async function there() {
    const found = await known.open(section, name);
    if (found && isSameKind(found, item[way.from] as Facts)) return found;
    throw new DeltaError(
      `${known.name} has ${found ? `another ${quote(name)}` : `no ${quote(name)}`}, which ${delta.location} was made with`,
    );
  }
  async function source(): Promise<AsyncIterable<Uint8Array>> {
    if (isSame(item)) return piecesOf(await there());
    const { change, correction, [way.to]: whole } = item.payloads;
    if (change) {
      const stepped = way.step(codecFor(change.codec))(delta.stored(section, name, 'change'), await there(), facts);
      if (!way.corrects || !correction) return stepped;
      const near = streamedBytes(stepped, bytesOf(facts));
      return codecFor(correction.codec).decode(delta.stored(section, name, 'correction'), near, facts);
    }
    const { codec } = whole as NonNullable<typeof whole>;
    return codecFor(codec).decode(delta.stored(section, name, way.to), zeroBytes(size), facts);
  }
}

/** The same in memory whole. */
export function restoredWhole(run: Run, section: Section, name: string): Promise<Uint8Array> {
  const { [run.way.to]: facts } = run.delta.manifest[section].get(name) as Item;
  return collectPieces(restored(run, section, name), bytesOf(facts as Facts));
}
