// @ts-check
// Type-checks and runs samples, and says of each what became of it.
import { relative } from 'node:path';
import { runProgram } from './run-program.mjs';
import { programsOf } from './samples.mjs';
import { createTurns } from './turns.mjs';
import { typeErrors } from './type-errors.mjs';

/**
 * @typedef {object} Verdict one check of one sample
 * @property {string} name
 * @property {string | null} fault what is wrong, or null
 *
 * @typedef {object} Places
 * @property {string} root faults name pages from here
 * @property {string} folder where programs are written; imports are found from here
 * @property {string} models
 * @property {string} data
 */

/**
 * @param {readonly (readonly import('./samples.mjs').Sample[])[]} pages the samples of each
 * @param {Places} places
 * @param {ReturnType<typeof createTurns>} [inTurn] by which programs run, beside whatever else takes turns
 * @returns {AsyncGenerator<Verdict>} one verdict a sample on its types, and one more on its run if it runs
 */
export async function* checkSamples(pages, { root, ...places }, inTurn = createTurns()) {
  const programs = pages.flatMap((samples) => programsOf(samples));
  const nameOf = (/** @type {import('./samples.mjs').Sample} */ sample, what = '') =>
    `${relative(root, sample.file)}:${sample.line} ${what}`;
  const errors = typeErrors(programs, places.folder);
  for (const sample of programs.flat()) {
    yield { name: nameOf(sample, 'types'), fault: errors.get(sample)?.join('\n') ?? null };
  }
  const runs = programs.map((program, i) => {
    if (!program.some((sample) => sample.runs) || program.some((sample) => errors.has(sample))) return null;
    return inTurn(() => runProgram(program, { name: `program-${i}`, ...places }));
  });
  for (const [i, program] of programs.entries()) {
    const running = program.filter(({ runs }) => runs);
    const outcome = await runs[i];
    if (!outcome) {
      for (const sample of running)
        yield { name: nameOf(sample, 'runs'), fault: 'not run: its program has type errors' };
      continue;
    }
    const { done, ended, output } = outcome;
    for (const [k, sample] of running.entries()) {
      const last = k === running.length - 1;
      const reached = k < done && (ended || !last);
      const culprit = !ended && (k === done || (last && done === running.length));
      yield {
        name: nameOf(sample, 'runs'),
        fault: reached ? null : culprit ? output : ended ? 'did not come to its end' : 'not reached',
      };
    }
  }
}
