import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { gpt2, loadModel } from '@peftjs/models';
import { leakGuard } from '@peftjs/testing/suites';
import { beforeAll, expect, it } from 'vitest';
import { byRole } from './by-role.ts';
import { bf16 } from './half.ts';
import { int8 } from './integers.ts';

beforeAll(async () => {
  await useBackend(cpu());
});
leakGuard();

it('takes the storage of a role, one of several that a matrix has, or the other', async () => {
  const weights = byRole({ embed: bf16(), 'attn.k': int8() });
  const folder = new URL('../../../golden/cases/gpt2-lora-all-linear/base', import.meta.url).pathname;
  const model = await loadModel(folder, { weights, architectures: [gpt2] });
  const each = new Map<string | undefined, number>();
  for (const site of model.sites()) {
    if (!('weight' in site)) continue;
    const { bytes, outDim, inDim } = site.weight;
    each.set(site.path.split('.').at(-1), bytes / (outDim * inDim));
  }
  model.dispose();
  // Of int8, rows of 16 numbers that are filled up to 32, and a scale.
  expect(Object.fromEntries(each)).toEqual({
    ...{ wte: 2, lm_head: 2, c_attn: (32 + 4) / 16 },
    ...{ wpe: 4, c_proj: 4, c_fc: 4 },
  });
});
