// A codec for each tensor so that the delta keeps within its bytes, or keeps enough of the change, at the least cost.
import { encodeJson, type Folder } from '@peftjs/checkpoint';
import type { Change, Codec, Encoded } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { DeltaError } from './delta-error.ts';
import type { CodecChoice } from './diff.ts';
import { correctionOf, encodeChange, encodeWhole, energyOf, storedInMemory, takes } from './encode-change.ts';
import { inTurn } from './in-turn.ts';
import { type Candidate, type Goal, leastLoss, type Options } from './least-loss.ts';
import type { Section } from './manifest.ts';
import { factsOf, modelSource, unionOf } from './model-source.ts';
import { pauseFor } from './pause.ts';
import { type DeltaRun, progressOf } from './progress.ts';
import { isSameKind } from './tensor-bytes.ts';
import type { Changes } from './write-delta.ts';

export interface FitOptions extends DeltaRun {
  /** What is tried on every tensor; `exact()` always is. */
  readonly candidates: readonly Codec[];
  /** As it will be given to `diff`: what undoing needs counts. True when left out. */
  readonly reversible?: boolean | undefined;
}

/** Bytes that `delta.json`, the files' headers, the card and the record take at most, beyond names: in all, and for each of these. */
const FRAME = 4096;
const TENSOR = 440;
const PAYLOAD = 200;
const PART = 220;
const CHUNK = 180;

/**
 * Tries codecs on every tensor that changed, and gives a choice for `diff` that loses the least energy in so many bytes of the
 * delta's files, or keeps a share of the whole change's energy in the fewest bytes.
 *
 * @throws where even the smallest candidates take more bytes
 * @example
 * const codec = await fitCodecs('models/base', 'out/tuned', { bytes: 20e6 }, { candidates: [sign(), int4(), int8()] });
 * await diff('models/base', 'out/tuned', 'out/delta', { codec });
 */
export async function fitCodecs(
  base: string | Folder,
  tuned: string | Folder,
  goal: Goal,
  { candidates, reversible = true, ...run }: FitOptions,
): Promise<CodecChoice> {
  checkGoal(goal);
  const pause = pauseFor(run.signal);
  const [before, after] = [inTurn(await modelSource(base)), inTurn(await modelSource(tuned))];
  const keys = [...(await unionOf(before, after, 'tensors')), ...(await unionOf(before, after, 'files'))];
  const tell = progressOf(
    run,
    'fitting',
    keys.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const tried = new Map<string, Options<Codec>>();
  let fixed = FRAME;
  for (const { section, name, bytes } of keys) {
    await pause();
    const found = await attempts(section, name);
    if (typeof found === 'number') fixed += found;
    else tried.set(name, found);
    tell(name, bytes);
  }
  const others = reversible ? ['smaller candidates', 'leave out what only undo needs'] : ['smaller candidates'];
  const chosen = leastLoss(tried, goal, fixed, ['give more bytes', ...others].join(', or '));
  return ({ name }) => chosen.get(name) ?? exact();

  /** The bytes of what is stored in one way only, or what each candidate comes to. */
  async function attempts(section: Section, name: string): Promise<number | Options<Codec>> {
    const [old, fresh] = [await before.open(section, name), await after.open(section, name)];
    if (!(old && fresh && isSameKind(old, fresh)))
      return sizeOf(name, await encodeWhole(old, fresh, reversible, pause));
    if ((await factsOf(old)).sha256 === (await factsOf(fresh)).sha256) return sizeOf(name, {});
    const change = { tensor: { dtype: fresh.dtype, shape: fresh.shape }, base: old, tuned: fresh };
    const { changes } = await encodeChange(exact(), change, { reversible, pause });
    const energy = 'energy' in goal ? await energyOf(change, pause) : 0;
    const whole = { value: exact(), bytes: sizeOf(name, changes), missing: 0, energy };
    return section === 'tensors' ? [whole, ...(await smaller(name, change, whole.bytes))] : whole.bytes;
  }

  /** What the candidates come to, but for those that cannot be chosen: as many bytes with as much missing are no choice. */
  async function smaller(name: string, change: Change, most: number): Promise<Options<Codec>> {
    const found: Candidate<Codec>[] = [];
    for (const codec of candidates) {
      await pause();
      if (!takes(codec, change.tensor) || (codec.size?.(change.tensor) ?? 0) >= most) continue;
      const { changes, ...lost } = await encodeChange(codec, change, { reversible: false, pause });
      const least = { value: codec, bytes: sizeOf(name, changes), ...lost };
      const isBeaten = ({ bytes, missing }: Candidate<Codec>) => bytes <= least.bytes && missing <= least.missing;
      if (least.bytes >= most || found.some(isBeaten)) continue;
      const { encoded } = changes.change as NonNullable<Changes['change']>;
      const isCorrected = reversible && lost.sha256 !== null;
      const correction = isCorrected ? await correctionOf(codec, storedInMemory(encoded), change, pause) : null;
      found.push({ ...least, bytes: sizeOf(name, { ...changes, ...(correction && { correction }) }) });
    }
    return found;
  }
}

function checkGoal(goal: Goal): void {
  if ('bytes' in goal && !(goal.bytes > 0)) throw new DeltaError(`bytes is ${goal.bytes}; give a number above 0`);
  if ('energy' in goal && !(goal.energy > 0 && goal.energy <= 1))
    throw new DeltaError(`energy is ${goal.energy}; give a share above 0, up to 1`);
}

/** Bytes of the chunks, and at most those of what is said of them. */
function sizeOf(name: string, changes: Changes): number {
  let bytes = TENSOR + 2 * name.length;
  for (const change of Object.values(changes)) {
    const { meta, parts } = (change as { readonly encoded: Encoded }).encoded;
    bytes += PAYLOAD + encodeJson(meta, name).length * 4;
    for (const { chunks } of Object.values(parts)) {
      bytes += PART + 2 * name.length;
      for (const { length } of chunks) bytes += CHUNK + length;
    }
  }
  return bytes;
}
