// The table of deviations from PEFT: every row says what a running PEFT does, and names tests of what is done here.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPython } from '../packages/safetensors/test/python.ts';
import { DEVIATIONS } from './deviation-rows.ts';

const root = join(import.meta.dirname, '..');
const python = findPython('torch', 'peft', 'transformers', 'safetensors');

test('the table has the rows that are tested, in their order', () => {
  const page = readFileSync(join(root, 'docs/reference/deviations.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  const places = rows.slice(2).map((line) => line.split('|')[1]?.trim());
  expect(places).toEqual(Object.keys(DEVIATIONS));
});

test.each(Object.entries(DEVIATIONS))('here, %s', (_, { ours }) => {
  expect(ours.length).toBeGreaterThan(0);
  for (const [file, text] of ours) {
    expect(existsSync(join(root, file)), file).toBe(true);
    expect(readFileSync(join(root, file), 'utf8')).toContain(text);
  }
});

describe.skipIf(!python)('PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
  const printed = python
    ? execFileSync(python, ['-m', 'deviations'], { cwd: join(root, 'python'), encoding: 'utf8', stdio: 'pipe' })
    : '{}';
  const facts = JSON.parse(printed.trim().split('\n').at(-1) as string);

  test.each(Object.entries(DEVIATIONS))('there, %s', (_, { theirs }) => {
    for (const [fact, expected] of Object.entries(theirs)) expect(facts[fact], fact).toEqual(expected);
  });

  test('no fact is left over', () => {
    const used = Object.values(DEVIATIONS).flatMap(({ theirs }) => Object.keys(theirs));
    expect(Object.keys(facts).filter((fact) => !used.includes(fact))).toEqual([]);
  });
});
