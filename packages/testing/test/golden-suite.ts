// Every golden case of the repository on one backend.
import { readdirSync } from 'node:fs';
import { readBottleneck, readIa3, readLoreft } from '@peftjs/adapters';
import type { Backend } from '@peftjs/backend';
import { olora, pissa, readFourierft, readLayerNormTuning, readLora } from '@peftjs/lora';
import { readBoft, readHra, readOft } from '@peftjs/orthogonal';
import { readMultitaskPromptTuning, readPrefixTuning, readPromptTuning, readPTuning } from '@peftjs/prefix-tuning';
import { runGoldenCase } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { expect, it } from 'vitest';

const families = [
  readLora(pissa, olora),
  readIa3(),
  readBottleneck(),
  readLoreft(),
  readPrefixTuning(),
  readPromptTuning(),
  readPTuning(),
  readMultitaskPromptTuning(),
  readFourierft(),
  readLayerNormTuning(),
  readHra(),
  readOft(),
  readBoft(),
];
const cases = new URL('../../../golden/cases/', import.meta.url);

export function describeGolden(backend: Backend): void {
  describeOn(backend, 'golden cases', () => {
    leakGuard();
    it.for(readdirSync(cases))('%s', async (name) => {
      const { parts } = await runGoldenCase(new URL(name, cases).pathname, families);
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.filter(({ error, tolerance }) => !(error <= tolerance))).toEqual([]);
    });
  });
}
