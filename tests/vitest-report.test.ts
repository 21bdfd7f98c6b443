import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readVitestReport } from '../scripts/vitest-report.mjs';

function report(testResults: readonly object[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'peftjs-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'report.json');
  writeFileSync(file, JSON.stringify({ testResults }));
  return file;
}

test('counts tests, names those skipped, and takes the figures they left', () => {
  const assertionResults = [
    { fullName: 'a', status: 'passed', meta: { figure: 'a: 3 bytes' } },
    { fullName: 'b', status: 'passed' },
    { fullName: 'c', status: 'failed' },
    { fullName: 'd', status: 'pending' },
    { fullName: 'e', status: 'skipped' },
    { fullName: 'f', status: 'todo' },
  ];
  expect(readVitestReport(report([{ status: 'failed', assertionResults }]))).toEqual({
    passed: 2,
    failed: 1,
    skipped: 3,
    skips: ['d', 'e', 'f'],
    figures: ['a: 3 bytes'],
  });
});

test('a file that could not be loaded, or that failed outside its tests, is a failure', () => {
  const files = [
    { status: 'failed', assertionResults: [] },
    { status: 'failed', assertionResults: [{ fullName: 'a', status: 'passed' }] },
    { status: 'passed', assertionResults: [{ fullName: 'b', status: 'passed' }] },
  ];
  expect(readVitestReport(report(files))).toMatchObject({ passed: 2, failed: 2, skipped: 0 });
});

test('no report counts nothing', () => {
  expect(readVitestReport('/nowhere/report.json')).toMatchObject({ passed: 0, failed: 0, skipped: 0 });
});
