// @ts-check
// What a process holds for a model's weights, measured in one that does nothing else.
import { startEngines } from './engine.mjs';
import { round } from './statistics.mjs';

/**
 * With these what is counted is what is held: glibc gives freed memory back at once, and V8's young generation, which is garbage
 * and up to 48 MB of it, stays small. They cost time.
 */
const HELD_ALONE = {
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_ARENA_MAX: '1',
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --max-semi-space-size=1`,
};

/** @typedef {{ weightBytes: number, numbers: number, heldBytes: number }} Held */

/** An engine that answers "weigh" with what is held. @param {import('./engine.mjs').EngineSpec} spec */
export const heldAlone = (spec) => ({ ...spec, env: HELD_ALONE });

/** What a row says of it. @param {Held} held */
export const heldRow = ({ weightBytes, heldBytes, numbers }) => ({
  weightBytes,
  heldBytes,
  bytesPerNumber: round(heldBytes / numbers, 3),
});

/** @param {import('./engine.mjs').EngineSpec} spec */
export async function weigh(spec) {
  const { engines, absent } = await startEngines([heldAlone(spec)]);
  const [engine] = engines;
  if (engine === undefined) throw new Error(absent[spec.name]);
  const found = await engine.ask('weigh');
  await engine.close();
  return heldRow(found);
}
