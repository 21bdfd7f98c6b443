import { readdirSync } from 'node:fs';
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { olora, pissa, readLora } from '@peftjs/lora';
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { runGoldenCase } from './golden-case.ts';

const cases = new URL('../../../golden/cases/', import.meta.url);

describe('golden cases on cpu', () => {
  beforeAll(async () => {
    await useBackend(cpu());
  });
  for (const name of readdirSync(cases)) {
    test(name, async () => {
      const before = memory().numTensors;
      const { parts } = await runGoldenCase(new URL(name, cases).pathname, [readLora(pissa, olora)]);
      expect(parts.filter(({ error, tolerance }) => !(error <= tolerance))).toEqual([]);
      expect(memory().numTensors).toBe(before);
    });
  }
});
