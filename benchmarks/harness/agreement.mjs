// @ts-check
// Engines are comparable only if they compute the same: losses and gradient norms, step by step, within the tolerances of
// the golden cases.
import { TOLERANCES } from '@peftjs/testing';

/** Steps compared at most: rounding errors grow along a training run. */
const STEPS = 10;

/**
 * @param {ReadonlyMap<string, { losses: readonly number[], norms: readonly number[] }>} records
 * @param {string} reference whose numbers the others must have
 * @returns {{ reference: string, steps: number, lossError: number, normError: number }} the largest relative differences
 * @throws where an engine computes something else
 */
export function checkAgreement(records, reference) {
  const expected = records.get(reference);
  if (expected === undefined) throw new Error(`there is no engine "${reference}" to compare with`);
  const worst = { reference, steps: STEPS, lossError: 0, normError: 0 };
  for (const [name, { losses, norms }] of records) {
    const steps = Math.min(STEPS, losses.length, expected.losses.length);
    worst.steps = Math.min(worst.steps, steps);
    const loss = largest(losses, expected.losses, steps);
    const norm = largest(norms, expected.norms, steps);
    if (!(loss <= TOLERANCES.losses && norm <= TOLERANCES.gradient)) {
      throw new Error(
        `${name} computes something else than ${reference}: after ${steps} steps the losses differ by ${loss.toExponential(1)} ` +
          `(at most ${TOLERANCES.losses}), the gradients' norms by ${norm.toExponential(1)} (at most ${TOLERANCES.gradient})`,
      );
    }
    worst.lossError = Math.max(worst.lossError, loss);
    worst.normError = Math.max(worst.normError, norm);
  }
  return worst;
}

/** NaN where a number is none. @param {readonly number[]} actual @param {readonly number[]} expected @param {number} steps */
function largest(actual, expected, steps) {
  let error = 0;
  for (let i = 0; i < steps; i++) {
    const [a, e] = [actual[i] ?? Number.NaN, expected[i] ?? Number.NaN];
    error = Math.max(error, Math.abs(a - e) / Math.abs(e));
  }
  return error;
}
