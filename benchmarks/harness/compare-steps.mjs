// @ts-check
// Training engines side by side: steps in turns, the same numbers from all of them, no tensor left behind.
import { checkAgreement } from './agreement.mjs';
import { startEngines } from './engine.mjs';
import { runRounds, summarize } from './rounds.mjs';
import { round } from './statistics.mjs';
import { warnOfOthers } from './watch-others.mjs';

/**
 * @param {readonly import('./engine.mjs').EngineSpec[]} specs the first that is there is what the others are compared with
 * @param {import('./options.mjs').Options} options
 * @throws where engines compute different numbers, or one holds more tensors after a step than before it
 */
export async function compareSteps(specs, options) {
  const { engines, absent } = await startEngines(specs.filter(({ name }) => options.wants(name)));
  const [first] = engines;
  if (first === undefined) {
    if (Object.keys(absent).length === 0) throw new Error('--engines fits the name of no engine');
    return { results: [], agreement: null, absent, others: [] };
  }
  const { records, others } = await runRounds(engines, options);
  const agreement = checkAgreement(records, first.name);
  const results = [];
  for (const engine of engines) {
    const record = records.get(engine.name);
    if (record === undefined) continue;
    results.push({
      engine: engine.name,
      about: engine.about,
      startMs: round(engine.startMs),
      ...summarize(record, records.get(first.name)),
      ...(await inspect(engine)),
      losses: record.losses.slice(0, agreement.steps).map((loss) => round(loss, 7)),
    });
  }
  for (const engine of engines) await engine.close();
  if (!options.quick) warnOfOthers(others);
  return { results, agreement, absent, others };
}

/** @param {import('./engine.mjs').Engine} engine */
async function inspect(engine) {
  const { peakResidentBytes } = await engine.ask('memory');
  const known = engine.language === 'javascript';
  const found = known ? await engine.ask('inspect') : {};
  const profile = known ? await engine.ask('profile', { count: 1 }) : null;
  const { peakBytes = null, restingBytes = null, tensorsBefore = null, tensorsAfter = null } = found;
  if (tensorsBefore !== tensorsAfter)
    throw new Error(`${engine.name} holds ${tensorsBefore} tensors before a step and ${tensorsAfter} after it`);
  const kernels = profile?.kernels ?? null;
  return { kernels, peakBytes, restingBytes, tensorsBefore, tensorsAfter, peakResidentBytes };
}
