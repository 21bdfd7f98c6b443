// Every golden case of the repository on one backend.
import { readdirSync } from 'node:fs';
import type { Backend } from '@peftjs/backend';
import { runGoldenCase } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { expect, it } from 'vitest';
import { AFTER, FAMILIES } from './every-method.ts';

const cases = new URL('../../../golden/cases/', import.meta.url);

export function describeGolden(backend: Backend): void {
  describeOn(backend, 'golden cases', () => {
    leakGuard();
    it.for(readdirSync(cases))('%s', async (name) => {
      const { parts } = await runGoldenCase(new URL(name, cases).pathname, FAMILIES, { after: AFTER });
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.filter(({ error, tolerance }) => !(error <= tolerance))).toEqual([]);
    });
  });
}
