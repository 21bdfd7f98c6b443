// @ts-check
// Several things that several engines can do, in turns: each engine does each of them once a round.
import { median, round } from './statistics.mjs';
import { watchOthers } from './watch-others.mjs';

/**
 * @typedef {object} Turns
 * @property {import('./engine.mjs').Engine} engine
 * @property {string} variant
 * @property {number[]} medians ms, a round
 */

/**
 * @param {readonly import('./engine.mjs').Engine[]} engines
 * @param {(language: string) => readonly string[]} variantsOf what an engine of that language can do: each a request
 *   `visit`, which gives the `times` of so many
 * @param {{ rounds: number, count: number }} options `count`: times a visit
 * @returns {Promise<{ turns: Turns[], others: (number | null)[] }>} `others`: what other processes took of the processor in
 *   each round, 0 to 1
 */
export async function takeTurns(engines, variantsOf, { rounds, count }) {
  const turns = engines.flatMap((engine) =>
    variantsOf(engine.language).map((variant) => ({ engine, variant, medians: /** @type {number[]} */ ([]) })),
  );
  const others = [];
  const takenByOthers = watchOthers(engines.map(({ pid }) => pid));
  for (let i = -1; i < rounds; i++) {
    for (const { engine, variant, medians } of turns) {
      const { times } = await engine.ask('visit', { variant, count });
      if (i >= 0) medians.push(median(times)); // the first round warms up
    }
    const share = takenByOthers();
    if (i >= 0) others.push(share);
  }
  return { turns, others };
}

/**
 * The median of one variant, and its ratio to another of the same engine in the same round.
 * @param {readonly Turns[]} turns
 * @param {Turns} of
 * @param {string} reference
 */
export function compareTurns(turns, { engine, variant, medians }, reference) {
  const other = turns.find((one) => one.engine === engine && one.variant === reference);
  const ratios = medians.map((ms, i) => ms / (other?.medians[i] ?? Number.NaN));
  return {
    engine: `${engine.name}, ${variant}`,
    about: engine.about,
    medianMs: round(median(medians)),
    leastMs: round(Math.min(...medians)),
    ratio: round(median(ratios), 3),
    roundMediansMs: medians.map((ms) => round(ms)),
  };
}
