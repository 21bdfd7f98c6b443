// @ts-check
// What a process holds for a model's weights, measured in one that does nothing else.
import { startEngines } from './engine.mjs';

/** With these glibc gives freed memory back at once, so that what is counted is what is held. They cost time. */
const PROMPT_FREE = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_ARENA_MAX: '1' };

/**
 * @param {import('./engine.mjs').EngineSpec} spec
 * @returns {Promise<{ weightBytes: number, numbers: number, heldBytes: number }>}
 */
export async function weigh(spec) {
  const { engines, absent } = await startEngines([{ ...spec, env: PROMPT_FREE }]);
  const [engine] = engines;
  if (engine === undefined) throw new Error(absent[spec.name]);
  const found = await engine.ask('weigh');
  await engine.close();
  return found;
}
