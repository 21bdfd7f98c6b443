// Every golden case of the repository on one backend.
import { readdirSync } from 'node:fs';
import type { Backend } from '@peftjs/backend';
import { olora, pissa, readLora } from '@peftjs/lora';
import { runGoldenCase } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { expect, it } from 'vitest';

const cases = new URL('../../../golden/cases/', import.meta.url);

export function describeGolden(backend: Backend): void {
  describeOn(backend, 'golden cases', () => {
    leakGuard();
    it.for(readdirSync(cases))('%s', async (name) => {
      const { parts } = await runGoldenCase(new URL(name, cases).pathname, [readLora(pissa, olora)]);
      expect(parts.length).toBeGreaterThan(5);
      expect(parts.filter(({ error, tolerance }) => !(error <= tolerance))).toEqual([]);
    });
  });
}
