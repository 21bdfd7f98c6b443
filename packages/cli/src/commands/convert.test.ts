import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { loadModel } from '@peftjs/models';
import { asStored } from '@peftjs/quantization';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peftjs } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace(1, { hidden_size: 64, intermediate_size: 64, head_dim: 32 });
  mkdirSync(place.path('of-gguf'));
  cpSync(new URL('../../../../golden/gguf/llama.gguf', import.meta.url), place.path('of-gguf/tiny.gguf'));
});
afterAll(() => place.remove());

const on = (command: string, ...more: string[]) => peftjs([command, '--backend', 'cpu', ...more]);
const IDS = Int32Array.from({ length: 12 }, (_, i) => 3 + ((i * 7) % 40));

async function logitsOf(path: string): Promise<Float32Array> {
  const model = await loadModel(path, { weights: asStored() });
  const out = model.logits({ inputIds: IDS, attentionMask: IDS.map(() => 1), shape: [1, IDS.length] });
  const values = out.dataSync<'float32'>();
  out.dispose();
  model.dispose();
  return values;
}

test('codes of bitsandbytes become the numbers that they stand for', async () => {
  const [small, out] = [place.path('small'), place.path('numbers')];
  await on('quantize', '--model', place.model, '--weights', 'nf4-double', '--out', small);
  const { stdout, stderr } = await on('convert', '--model', small, '--out', out);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^model {4}.*numbers: [\d,]+ parameters as F32$/m);
  expect(readFileSync(`${out}/config.json`, 'utf8')).not.toContain('quantization_config');
  const [before, after] = [await logitsOf(small), await logitsOf(out)];
  // Products are added up in another order over codes.
  for (const [i, value] of before.entries()) expect(after[i]).toBeCloseTo(value, 4);
});

test('a GGUF file is no base of a delta, and what it is converted to is one', async () => {
  const [gguf, out, delta] = [place.path('of-gguf/tiny.gguf'), place.path('base'), place.path('delta')];
  expect((await on('convert', '--model', gguf, '--out', out, '--dtype', 'F16')).stderr).toBe('');
  for (const base of [gguf, place.path('of-gguf')])
    expect(await peftjs(['delta', 'diff', '--base', base, '--tuned', out, '--out', delta])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/tiny\.gguf is GGUF, and safetensors are needed here; make .* with peftjs convert/),
    });
  const { objects } = await peftjs(['delta', 'diff', '--base', out, '--tuned', out, '--out', delta, '--json']);
  expect(objects[0]).toMatchObject({ changed: 0 });
});
