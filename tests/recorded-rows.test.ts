// What is measured of a part keeps the rest of the record.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { measuredAgain } from '../benchmarks/harness/recorded-rows.mjs';

const out = mkdtempSync(join(tmpdir(), 'peftjs-record-'));
afterAll(() => rmSync(out, { recursive: true }));

it('measures the rows that are wanted again and keeps the others, their times and the day', async () => {
  const record = {
    date: '2026-01-01',
    results: [
      { engine: 'the file', ms: 1 },
      { engine: 'a', ms: 2, bytes: 3 },
      { engine: 'b', ms: 4, bytes: 5 },
    ],
  };
  writeFileSync(join(out, 'some.json'), JSON.stringify(record));
  const options = { quick: false, rounds: 1, out, only: 'memory', wants: (name: string) => name !== 'b', more: {} };
  const specs = ['a', 'b', 'c'].map((name) => ({ name, size: 7 }));
  const found = await measuredAgain('some', options, specs, async ({ size }) => ({ bytes: size }));
  expect(found).toEqual({
    date: '2026-01-01',
    results: [
      { engine: 'the file', ms: 1 },
      { engine: 'a', ms: 2, bytes: 7 },
      { engine: 'b', ms: 4, bytes: 5 },
      { engine: 'c', bytes: 7 },
    ],
  });
});
