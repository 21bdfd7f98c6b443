// @ts-check
// What a process holds for a model's weights, or has for a piece of work, measured in one that does nothing else.
import { withEngine } from './engine.mjs';
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
  return heldRow(await withEngine(heldAlone(spec), ({ ask }) => ask('weigh')));
}

/**
 * The most bytes that are resident while an engine does what it is asked, beyond what was there before.
 * @param {import('./engine.mjs').EngineSpec} spec
 * @param {string} request
 * @param {object} args
 */
export function addedResidentBytes(spec, request, args) {
  return withEngine(spec, async ({ ask }) => {
    const resting = (await ask('memory')).peakResidentBytes;
    await ask(request, args);
    return (await ask('memory')).peakResidentBytes - resting;
  });
}
