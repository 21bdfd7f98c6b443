// A chunk of an exact change of bytes, as those of files: what is added to the base's, deflated. Text repeats itself.
import { DeltaError } from '../delta-error.ts';
import { deflated, inflated } from './deflated.ts';

export function encodeBytes(base: Uint8Array, tuned: Uint8Array): Promise<Uint8Array> {
  return deflated(
    tuned.map((byte, i) => byte - (base[i] as number)),
    'repeats',
  );
}

export async function decodeBytes(coded: Uint8Array, base: Uint8Array): Promise<Uint8Array> {
  const changes = await changesOf(coded, base.length);
  return changes.map((change, i) => (base[i] as number) + change);
}

export async function undoBytes(coded: Uint8Array, tuned: Uint8Array): Promise<Uint8Array> {
  const changes = await changesOf(coded, tuned.length);
  return changes.map((change, i) => (tuned[i] as number) - change);
}

async function changesOf(coded: Uint8Array, length: number): Promise<Uint8Array> {
  const changes = await inflated(coded, length);
  if (changes) return changes;
  throw new DeltaError(`a chunk of ${coded.length} bytes does not inflate to ${length}`);
}
