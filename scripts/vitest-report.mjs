// @ts-check
// What vitest's JSON report says, counted: tests that passed, failed and were skipped, the names of the last two kinds,
// and the figures that tests left in their `task.meta`.
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {object} Report
 * @property {number} passed
 * @property {number} failed tests, and files that could not be loaded
 * @property {number} skipped
 * @property {string[]} skips full names
 * @property {string[]} figures
 *
 * @typedef {object} Assertion
 * @property {string} fullName
 * @property {string} status
 * @property {{ figure?: string }} [meta]
 */

/**
 * @param {string} file
 * @returns {Report}
 */
export function readVitestReport(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0, skips: [], figures: [] };
  /** @type {{ testResults: { status: string, assertionResults: Assertion[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  const tests = testResults.flatMap((result) => result.assertionResults);
  const failed = tests.filter((test) => test.status === 'failed').length;
  const passed = tests.filter((test) => test.status === 'passed');
  const skips = tests.filter((test) => test.status !== 'failed' && test.status !== 'passed');
  const broken = testResults.filter(
    (result) => result.status === 'failed' && !result.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: passed.length,
    failed: failed + broken.length,
    skipped: skips.length,
    skips: skips.map((test) => test.fullName),
    figures: tests.flatMap((test) => test.meta?.figure ?? []),
  };
}
