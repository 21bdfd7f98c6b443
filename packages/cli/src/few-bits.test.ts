// Adapters over weights of few bits, from training to merging, each command reading from folders what it needs.
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { diskFolder, openWeights } from '@peftjs/checkpoint';
import { gridStorage } from '@peftjs/quantization';
import { beforeAll, describe, expect, test } from 'vitest';
import { peftjs, withOptions } from '../test/command-line.ts';
import { lossOf, place, ran, useFewBitsPlace } from '../test/few-bits-place.ts';

useFewBitsPlace();

async function train(name: string, ...more: string[]): Promise<string> {
  const how = ['--steps', '3', '--batch-size', '2', '--length', '8', '--rank', '2', '--learning-rate', '0.02'];
  await ran('train', '--data', place.data, '--out', place.path(name), ...withOptions(how, more));
  return place.path(name);
}

test('QA-LoRA is merged into 4 bits with minima, and nothing is lost', async () => {
  const over = ['--weights', 'int4-asymmetric', '--weights-group', '32'];
  const adapter = await train('qalora', '--method', 'qalora', '--qalora-group', '32', ...over);
  const [before, trained] = [await lossOf(...over), await lossOf(...over, '--adapter', adapter)];
  expect(Math.abs(trained - before)).toBeGreaterThan(1e-2);
  const merged = place.path('qalora-merged');
  expect((await ran('merge', ...over, '--adapter', adapter, '--out', merged)).change).toBeLessThan(1e-4);
  expect(await lossOf(...over, '--model', merged)).toBeCloseTo(trained, 4);
  const on = ['--model', place.model, '--data', place.data, '--sequences', '1', '--backend', 'wasm'];
  const said = async (...more: string[]) => (await peftjs(['eval', ...on, '--adapter', adapter, ...more])).stdout;
  expect(await said()).toMatch(
    /^note .*qalora was trained over --weights int4-asymmetric --weights-group 32, and this is --weights f32$/m,
  );
  expect(await said(...over)).not.toMatch(/^note/m);
});

test('what QAT has evaluated is what its codes hold', async () => {
  const adapter = await train('qat', '--qat', '4', '--qat-over', 'merged', '--qat-group', '32');
  const merged = place.path('qat-merged');
  await ran('merge', '--adapter', adapter, '--out', merged);
  const codes = ['--weights', 'int4', '--weights-group', '32'];
  const trained = await lossOf('--adapter', adapter);
  expect(await lossOf('--model', merged, ...codes, '--embeddings', 'f32')).toBeCloseTo(trained, 5);
  expect(await lossOf('--model', merged, ...codes)).not.toBeCloseTo(trained, 5);
});

describe('a model trained whole over rounded weights', () => {
  const whole = (name: string, ...more: string[]) => {
    const how = ['--steps', '4', '--batch-size', '2', '--length', '8', '--learning-rate', '0.01', ...more];
    const from = ['--model', place.model, '--data', place.path('texts'), '--backend', 'wasm', '--json', '--full'];
    return ['train', ...from, ...how, '--out', place.path(name)];
  };
  const held = async (name: string, ...more: string[]) => {
    const { base } = await ran(
      'eval',
      ...['--model', place.path(name), '--data', place.path('texts'), '--length', '8', ...more],
    );
    return (base as { readonly loss: number }).loss;
  };
  const layerOf = async (folder: string) =>
    (await openWeights(diskFolder(folder))).readFloat32('model.layers.0.mlp.up_proj.weight');
  beforeAll(() => {
    mkdirSync(place.path('texts'));
    for (const split of ['train', 'valid']) cpSync(place.data, place.path(`texts/${split}.jsonl`));
  });

  test.for([
    ['fitted', ['--qat', '4', '--qat-group', '32'], ['--weights', 'int4']],
    ['learned', ['--qat', '3', '--qat-group', '32', '--qat-steps', 'learned', '--recompute'], ['--weights', 'int4']],
    ['minima', ['--qat', '4', '--qat-group', '32', '--qat-asymmetric'], ['--weights', 'int4-asymmetric']],
  ] as const)('%s: what training has evaluated is what the folder says, and its codes', async ([name, how, codes]) => {
    const { objects, stderr } = await peftjs(whole(name, ...how));
    expect(stderr).toBe('');
    const { kind, before, after } = objects.at(-1) as { kind: string; before: number; after: number };
    expect(kind).toBe('model');
    expect(before - after).toBeGreaterThan(1e-2);
    expect(await held(name)).toBeCloseTo(after, 5);
    const read = [...codes, '--weights-group', '32'];
    expect(await held(name, ...read, '--embeddings', 'f32')).toBeCloseTo(after, 5);
    expect(await held(name, ...read)).not.toBeCloseTo(after, 5);
  });

  test('rows of 8 bits have learned, and are what quantize writes', async () => {
    const { objects } = await peftjs(whole('rows', '--qat', '8', '--weight-decay', '0'));
    const [was, is] = [await layerOf(place.model), await layerOf(place.path('rows'))];
    const rounded = gridStorage({ bits: 8 }).rounded?.(was, 64, 64) as Float32Array;
    expect(Math.max(...is.map((v, i) => Math.abs(v - (rounded[i] as number))))).toBeGreaterThan(1e-2);
    const { after } = objects.at(-1) as { readonly after: number };
    const out = place.path('rows-in-codes');
    await ran('quantize', '--model', place.path('rows'), '--weights', 'int8', '--out', out);
    expect(await held('rows-in-codes', '--weights', 'as-stored')).toBeCloseTo(after, 5);
  });

  test('goes on where it was stopped, its steps too', async () => {
    const how = ['--qat', '3', '--qat-steps', 'learned'];
    const { objects } = await peftjs(whole('unstopped', ...how));
    const abort = new AbortController();
    const watch = (piece: string) => piece.includes('"step":2,') && abort.abort();
    expect((await peftjs(whole('stopped', ...how), abort.signal, watch)).code).toBe(130);
    const rest = await peftjs(whole('stopped', ...how, '--resume'));
    const { after } = objects.at(-1) as { readonly after: number };
    expect(rest.objects.at(-1)).toMatchObject({ steps: 4, after });
  });
});

describe('LoftQ', () => {
  test('is read again by what the folder says of it', async () => {
    const how = ['--init', 'loftq', '--loftq-weights', 'int4', '--loftq-iterations', '2'];
    const adapter = await train('loftq', ...how, '--targets', 'mlp.down');
    const config = JSON.parse(readFileSync(`${adapter}/adapter_config.json`, 'utf8'));
    expect(config).toMatchObject({ init_lora_weights: 'loftq', loftq_config: { loftq_bits: 4, loftq_iter: 2 } });
    // What is not one of its layers may be held in anything that the file's numbers are left in.
    const loss = await lossOf('--adapter', adapter);
    expect(await lossOf('--adapter', adapter, '--weights', 'as-stored')).toBeCloseTo(loss, 5);
    expect(Math.abs(loss - (await lossOf()))).toBeGreaterThan(1e-3);
  });

  test('starts nearer to float32 than rounding leaves a model', async () => {
    const still = ['--learning-rate', '1e-12', '--rank', '16'];
    const adapter = await train('loftq-start', '--init', 'loftq', '--loftq-weights', 'nf4', ...still);
    const whole = await lossOf();
    const [started, rounded] = [await lossOf('--adapter', adapter), await lossOf('--weights', 'nf4')];
    expect(Math.abs(started - whole)).toBeLessThan(0.5 * Math.abs(rounded - whole));
  });
});

describe('CLoQ', () => {
  const fitted = () => ['--weights', 'nf4', '--calibrate', place.data, '--embeddings', 'f32'];

  test('starts nearer to float32 than fitted codes leave a model, and is read over them like any LoRA', async () => {
    const adapter = await train('cloq', '--init', 'cloq', ...fitted(), '--rank', '16', '--learning-rate', '1e-12');
    const config = JSON.parse(readFileSync(`${adapter}/adapter_config.json`, 'utf8'));
    expect(config.init_lora_weights).toBe(true);
    const [whole, rounded] = [await lossOf(), await lossOf(...fitted())];
    const started = await lossOf(...fitted(), '--adapter', adapter);
    expect(Math.abs(started - whole)).toBeLessThan(0.5 * Math.abs(rounded - whole));
  });

  test('needs a text', async () => {
    const args = ['train', '--model', place.model, '--data', place.data, '--out', place.path('none')];
    const { code, stderr } = await peftjs([...args, '--init', 'cloq', '--weights', 'nf4']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('say which with --calibrate PATH')]);
  });
});

test('groups are those of --weights-group, where there are any', async () => {
  const [small, large] = [
    await lossOf('--weights', 'int4', '--weights-group', '32'),
    await lossOf('--weights', 'int4'),
  ];
  expect(small).not.toBe(large);
  const refused = async (command: string, ...more: string[]) =>
    (await peftjs([command, '--model', place.model, '--weights-group', '32', '--backend', 'wasm', ...more])).stderr;
  expect(await refused('eval', '--data', place.data, '--weights', 'f16')).toMatch(/--weights-group is for .*, not f16/);
  const out = ['--out', place.path('none')];
  expect(await refused('quantize', '--weights', 'int8', ...out)).toMatch(/int8 has a scale for each row in files/);
});
