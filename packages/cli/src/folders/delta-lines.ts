// What is said of a delta.
import type { DeltaContents } from '@peftjs/delta';
import { bytes, counted } from '../figures.ts';

export function deltaLines(found: DeltaContents): readonly string[] {
  const { same, changed, whole, removed } = found;
  return [
    `delta    ${found.location}: ${bytes(found.bytes)}, ${((100 * found.bytes) / (found.tunedBytes || 1)).toFixed(1)} % of the model's ${bytes(found.tunedBytes)}`,
    `hash     ${found.hash}`,
    `base     ${found.base.name} ${found.base.fingerprint}`,
    `tuned    ${found.tuned.name} ${found.tuned.fingerprint}`,
    `tensors  ${changed} changed, ${same} the same, ${whole} stored whole, ${removed} gone`,
    ...(found.files.length === 0 ? [] : [`files    ${found.files.join(', ')}`]),
    ...Object.entries(found.codecs).map(
      ([id, { count, bytes: size, error }]) =>
        `codec    ${id}: ${counted(count, 'payload')}, ${bytes(size)}, ${lossOf(error)}`,
    ),
    `undo     ${found.reversible ? 'gives back the base bit for bit' : 'cannot give back the base'}`,
  ];
}

/** The largest error of a codec, as the share of the change's energy that is kept. */
function lossOf(error: number): string {
  if (error === 0) return 'no loss';
  if (error >= 1) return `error ${error.toPrecision(3)}`;
  const lost = 100 * error ** 2;
  // As many digits as tell it from all.
  const digits = Math.min(12, Math.max(2, 1 - Math.floor(Math.log10(lost))));
  return `at least ${(100 - lost).toFixed(digits)} % of the energy`;
}
