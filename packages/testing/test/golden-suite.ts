// The golden cases of the repository on one backend: all of them, or a choice where a backend is slow in software.
import { readdirSync } from 'node:fs';
import type { Backend } from '@peftjs/backend';
import { runGoldenCase } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { expect, it } from 'vitest';
import { AFTER, FAMILIES } from './every-method.ts';

const cases = new URL('../../../golden/cases/', import.meta.url);

/** @param some the cases to run; all of them when left out, or where PEFTJS_ALL_GOLDEN is set */
export function describeGolden(backend: Backend, some?: readonly string[]): void {
  const all = readdirSync(cases);
  const chosen = process.env.PEFTJS_ALL_GOLDEN ? all : (some ?? all);
  describeOn(backend, 'golden cases', () => {
    leakGuard();
    it.for(chosen)('%s', async (name) => {
      const { parts } = await runGoldenCase(new URL(name, cases).pathname, FAMILIES, { after: AFTER });
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.filter(({ error, tolerance }) => !(error <= tolerance))).toEqual([]);
    });
  });
}
