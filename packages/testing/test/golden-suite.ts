// Every golden case of the repository on one backend.
import { readdirSync } from 'node:fs';
import { readBottleneck, readIa3, readLoreft } from '@peftjs/adapters';
import type { Backend } from '@peftjs/backend';
import {
  budget,
  olora,
  pissa,
  readAdalora,
  readFourierft,
  readLayerNormTuning,
  readLoha,
  readLokr,
  readLora,
  readTrainableTokens,
  readVera,
} from '@peftjs/lora';
import { readBoft, readHra, readOft } from '@peftjs/orthogonal';
import { readMultitaskPromptTuning, readPrefixTuning, readPromptTuning, readPTuning } from '@peftjs/prefix-tuning';
import { type GoldenOptions, runGoldenCase } from '@peftjs/testing';
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
  readVera(),
  readLoha(),
  readTrainableTokens(),
  readLokr(),
  readAdalora(),
  readFourierft(),
  readLayerNormTuning(),
  readHra(),
  readOft(),
  readBoft(),
];
const cases = new URL('../../../golden/cases/', import.meta.url);

/** AdaLoRA's budget, counted as the case counts it. */
const after: NonNullable<GoldenOptions['after']> = ({ update_and_allocate: steps }, adapter) =>
  Array.isArray(steps) ? [budget(adapter, steps[0])] : [];

export function describeGolden(backend: Backend): void {
  describeOn(backend, 'golden cases', () => {
    leakGuard();
    it.for(readdirSync(cases))('%s', async (name) => {
      const { parts } = await runGoldenCase(new URL(name, cases).pathname, families, { after });
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.filter(({ error, tolerance }) => !(error <= tolerance))).toEqual([]);
    });
  });
}
