// @ts-check
// Steps of several engines in turns: A, B, C, A, B, C, …, so that whatever slows the machine down slows all of them down.
import { median, round } from './statistics.mjs';
import { watchOthers } from './watch-others.mjs';

/**
 * @typedef {import('./engine.mjs').Engine} Engine
 *
 * @typedef {object} Visit what an engine did on one visit
 * @property {number[]} times ms a step
 * @property {number[]} losses
 * @property {number[]} norms of the gradients
 *
 * @typedef {object} Record
 * @property {number} firstStepMs
 * @property {number[]} times of the steps that count, ms
 * @property {number[]} medians a round
 * @property {number[]} losses of every step
 * @property {number[]} norms of every step
 */

/** Steps on a visit take about so long, so that a slow engine does not make the run endless. */
const VISIT_MS = 1500;
const MOST_STEPS = 20;
/** The first step of a visit finds cold caches and sleeping threads; it counts only where there are few. */
const FEW_STEPS = 3;

/**
 * @param {readonly Engine[]} engines
 * @param {{ rounds: number, quick: boolean }} options
 * @returns {Promise<{ records: Map<string, Record>, others: (number | null)[] }>} `others`: what other processes took of
 *   the processor in each round, 0 to 1
 */
export async function runRounds(engines, { rounds, quick }) {
  /** @type {Map<string, Record & { steps: number }>} */
  const records = new Map();
  for (const engine of engines) {
    const first = await engine.ask('steps', { count: 1 });
    const warm = await engine.ask('steps', { count: quick ? 1 : 3 });
    const fitting = Math.round(VISIT_MS / median(warm.times));
    const steps = quick ? 2 : Math.max(1, Math.min(MOST_STEPS, fitting));
    const record = { firstStepMs: first.times[0], times: [], medians: [], losses: [], norms: [], steps };
    note(record, first);
    note(record, warm);
    records.set(engine.name, record);
  }
  const others = [];
  const takenByOthers = watchOthers(engines.map(({ pid }) => pid));
  for (let i = 0; i < rounds; i++) {
    for (const engine of engines) {
      const record = /** @type {Record & { steps: number }} */ (records.get(engine.name));
      const visit = await engine.ask('steps', { count: record.steps });
      note(record, visit);
      const counted = visit.times.slice(record.steps > FEW_STEPS ? 1 : 0);
      record.times.push(...counted);
      record.medians.push(median(counted));
    }
    others.push(takenByOthers());
  }
  return { records, others };
}

/** @param {Record} record @param {Visit} visit */
function note(record, { losses, norms }) {
  record.losses.push(...losses);
  record.norms.push(...norms);
}

/**
 * Median and least time of an engine, and how many times the reference's its median is in the same round.
 * @param {Record} record
 * @param {Record | undefined} reference
 */
export function summarize(record, reference) {
  const ratios = reference?.medians.map((ms, i) => /** @type {number} */ (record.medians[i]) / ms);
  return {
    firstStepMs: round(record.firstStepMs),
    medianMs: round(median(record.times)),
    leastMs: round(Math.min(...record.times)),
    steps: record.times.length,
    roundMediansMs: record.medians.map((ms) => round(ms)),
    ratio: ratios ? round(median(ratios), 3) : null,
    ratios: ratios?.map((r) => round(r, 3)) ?? null,
  };
}
