import { readFileSync } from 'node:fs';
import { dense, type Storage } from '@peftjs/core';
import { loadModel } from '@peftjs/models';
import { asStored, byRole, int8, nf4 } from '@peftjs/quantization';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peftjs } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace(1, { hidden_size: 64, intermediate_size: 64, head_dim: 32, torch_dtype: 'bfloat16' });
});
afterAll(() => place.remove());

const IDS = Int32Array.from({ length: 12 }, (_, i) => 3 + ((i * 7) % 40));

async function logitsOf(path: string, weights: Storage): Promise<Float32Array> {
  const model = await loadModel(path, { weights });
  const out = model.logits({ inputIds: IDS, attentionMask: IDS.map(() => 1), shape: [1, IDS.length] });
  const values = out.dataSync<'float32'>();
  out.dispose();
  model.dispose();
  return values;
}

test.each([
  ['nf4-double', nf4({ doubleQuantization: true })],
  ['int8', int8()],
] as const)('%s: the folder says what the same storage says in memory, in less', async (weights, storage) => {
  const out = place.path(weights);
  const args = ['quantize', '--model', place.model, '--weights', weights, '--out', out, '--backend', 'cpu', '--json'];
  const { code, stderr, objects } = await peftjs(args);
  expect([code, stderr]).toEqual([0, '']);
  const [told] = objects as [Readonly<Record<string, number>>];
  expect(told).toMatchObject({ coded: 14, dtype: 'F32' });
  expect(told.bytes).toBeLessThan(told.bytesBefore as number);
  const config = JSON.parse(readFileSync(`${out}/config.json`, 'utf8'));
  expect(config.quantization_config).toMatchObject({ llm_int8_skip_modules: ['lm_head'] });
  const inspected = await peftjs(['inspect', out]);
  expect(inspected.stdout).toMatch(/^holds {4}\d+ tensors, weights in codes, /m);
  const inMemory = byRole({ embed: dense, head: dense }, storage);
  expect(await logitsOf(out, asStored())).toEqual(await logitsOf(place.model, inMemory));
});

test('an adapter is merged into codes within a tolerance, and refused where 4 bits would lose it', async () => {
  const merged = async (small: string, ...more: readonly string[]) => {
    const over = ['--model', place.path(small), '--weights', 'as-stored', '--backend', 'cpu'];
    const [adapter, out] = [place.path(`on-${small}`), place.path(`${small}-merged`)];
    const how = ['--steps', '1', '--length', '8', '--rank', '1', '--targets', 'v_proj', '--learning-rate', '0.1'];
    expect((await peftjs(['train', ...over, '--data', place.data, ...how, '--out', adapter])).stderr).toBe('');
    return { out, ran: await peftjs(['merge', ...over, '--adapter', adapter, '--out', out, '--json', ...more]) };
  };
  const whole = await merged('int8', '--tolerance', '0.2');
  expect([whole.ran.code, whole.ran.stderr]).toEqual([0, '']);
  expect((whole.ran.objects[0] as { change: number }).change).toBeGreaterThan(0);
  const config = JSON.parse(readFileSync(`${whole.out}/config.json`, 'utf8'));
  expect(config.quantization_config).toMatchObject({ load_in_8bit: true });
  const lost = await merged('nf4-double');
  expect(lost.ran).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/nothing was merged.*Keep the adapter apart/),
  });
});

test('its lines say what came of it', async () => {
  const args = [
    'quantize',
    '--model',
    place.model,
    '--out',
    place.path('lines'),
    '--dtype',
    'BF16',
    '--backend',
    'cpu',
  ];
  const { stdout } = await peftjs(args);
  expect(stdout).toMatch(/^weights {2}[\d.]+ kB before, [\d.]+ kB after$/m);
  expect(stdout).toMatch(/^model {4}.*lines: 14 linear layers in nf4-double, the rest as BF16$/m);
});

test('a model with no rows of whole blocks is refused, and nothing is written', async () => {
  const small = await makeWorkplace(1);
  const out = small.path('out');
  const { code, stderr } = await peftjs(['quantize', '--model', small.model, '--out', out, '--backend', 'cpu']);
  expect(code).toBe(1);
  expect(stderr).toContain('can be written in nf4-double: rows must be whole blocks');
  expect(() => readFileSync(`${out}/config.json`)).toThrow();
  small.remove();
});
