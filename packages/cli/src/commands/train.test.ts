import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peftjs, withOptions } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
}, 60_000);
afterAll(() => place.remove());

const train = (out: string, ...more: string[]) => {
  const on = ['--model', place.model, '--data', place.data, '--out', place.path(out), '--backend', 'cpu'];
  const how = ['--batch-size', '2', '--length', '24', '--steps', '6', '--learning-rate', '0.01'];
  return ['train', ...withOptions([...on, ...how], more)];
};
const ofType = (objects: readonly Readonly<Record<string, unknown>>[], type: string) =>
  objects.filter((event) => event.type === type);
const evaluated = async (model: string) => {
  const { objects } = await peftjs(['eval', '--model', model, '--data', place.data, '--backend', 'cpu', '--json']);
  return (objects[0] as { base: { loss: number } }).base.loss;
};
const losses = (objects: readonly Readonly<Record<string, unknown>>[]) =>
  ofType(objects, 'step').map(({ loss }) => loss);

test('prints everything that a first run should say', async () => {
  const { code, stdout, stderr } = await peftjs(
    train('said', '--sample', 'The state', '--max-new-tokens', '4', '--log-every', '3'),
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const expected = [
    /^backend {2}cpu: plain JavaScript\n {9}not node: not asked for$/m,
    /^model {4}.*: llama, [\d,]+ parameters, .* in memory$/m,
    /^data {5}.*data\.jsonl: 12 texts, \d+ sequences, [\d,]+ tokens$/m,
    /^held out a share of 0\.1: \d sequences?, \d+ tokens$/m,
    /^sample before\n {2}The state/m,
    /^before {3}held out: loss \d\.\d{4}, perplexity [\d.]+$/m,
    /^trainable params: [\d,]+ \|\| all params: [\d,]+ \|\| trainable%: [\d.]+$/m,
    /^step 3\/6 {2}loss \d\.\d{4} {2}lr \S+ {2}[\d.]+ steps\/s {2}[\d,]+ tokens\/s {2}peak .*B$/m,
    /^step 6\/6 /m,
    /┤.*╮|╰/,
    /^after {4}held out: loss \d\.\d{4}/m,
    /^sample after\n {2}The state/m,
    /^adapter {2}.*said: 4 files, [\d.]+ kB$/m,
    /^in Python\n {2}from transformers .*\n {2}from peft import PeftModel\n {2}model = PeftModel\.from_pretrained/m,
  ];
  let at = 0;
  for (const part of expected) {
    const found = stdout.slice(at).search(part);
    expect(found, `${part} in order in\n${stdout}`).toBeGreaterThanOrEqual(0);
    at += found;
  }
  expect(existsSync(place.path('said.run'))).toBe(false);
});

test('prints events as JSON, the same losses each time, and learns', async () => {
  const first = await peftjs(train('json', '--json', '--sample', 'The', '--max-new-tokens', '2'));
  const again = await peftjs(train('json', '--json'));
  expect(losses(first.objects)).toHaveLength(6);
  expect(losses(again.objects)).toEqual(losses(first.objects));
  const types = first.objects.map(({ type }) => type);
  expect(types.slice(0, 6)).toEqual(
    ['backend', 'model', 'data', 'sample', 'trainable', 'evaluation'].sort(
      (a, b) => types.indexOf(a) - types.indexOf(b),
    ),
  );
  const result = first.objects.at(-1) as { before: number; after: number };
  expect(result).toMatchObject({ type: 'result', kind: 'adapter', out: place.path('json'), files: 4, steps: 6 });
  expect(result.after).toBeLessThan(result.before);
});

test('keeps where the adapter comes from', async () => {
  await peftjs(train('story', '--rank', '2', '--targets', 'q_proj,v_proj', '--license', 'mit', '--author', 'us'));
  const { provenance } = JSON.parse(readFileSync(place.path('story/peftjs.json'), 'utf8'));
  expect(provenance).toMatchObject({
    base: { name: place.model, fingerprint: expect.stringMatching(/^sha256:/) },
    data: expect.stringMatching(/^sha256:/),
    tokenizer: expect.stringMatching(/^sha256:/),
    backend: 'cpu',
    device: expect.any(String),
    seeds: { run: expect.any(Number) },
    license: 'mit',
    author: 'us',
    recipe: { rank: 2, targets: ['q_proj', 'v_proj'], 'learning-rate': 0.01 },
    metrics: { steps: 6, lossBefore: expect.any(Number), lossAfter: expect.any(Number) },
    versions: { '@tensorflow/tfjs-core': expect.any(String) },
  });
});

describe('an interrupted run', () => {
  test('is saved, and gives the same losses when it goes on', async () => {
    const metrics = place.path('going-on.jsonl');
    const options = ['--json', '--eval-every', '2', '--dropout', '0.1'];
    const whole = await peftjs(train('whole', ...options, '--metrics', place.path('whole.jsonl')));
    const abort = new AbortController();
    const watch = (piece: string) => {
      if (piece.includes('"step":3,')) abort.abort();
    };
    const stopped = await peftjs(train('going-on', ...options, '--metrics', metrics), abort.signal, watch);
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(
      /interrupted after step 3; the run is saved in .*going-on\.run\. Go on with: peftjs train .* --resume/,
    );
    expect(existsSync(place.path('going-on'))).toBe(false);

    const refused = await peftjs(train('going-on', ...options));
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/interrupted at step 3; add --resume or --restart/),
    });
    const other = await peftjs(train('going-on', ...options, '--rank', '4', '--resume'));
    expect(other).toMatchObject({ code: 2, stderr: expect.stringMatching(/has rank 8, this one 4/) });

    const rest = await peftjs(train('going-on', ...options, '--resume', '--metrics', metrics));
    expect(rest.code).toBe(0);
    expect([...losses(stopped.objects), ...losses(rest.objects)]).toEqual(losses(whole.objects));
    expect(rest.objects.at(-1)).toMatchObject(
      (({ before, after, steps }) => ({ before, after, steps }))(whole.objects.at(-1) as Record<string, unknown>),
    );
    const kept = (path: string) =>
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    const numbers = (path: string) => kept(path).map(({ type, step, loss }) => ({ type, step, loss }));
    expect(numbers(metrics)).toEqual(numbers(place.path('whole.jsonl')));
    expect(existsSync(place.path('going-on.run'))).toBe(false);
  });

  test('writes nothing before the first step, and cannot go on where there is none', async () => {
    const stopped = await peftjs(train('none'), AbortSignal.abort());
    expect(stopped).toMatchObject({ code: 130, stderr: expect.stringMatching(/^interrupted/) });
    expect(readdirSync(place.folder).filter((name) => name.startsWith('none'))).toEqual([]);
    const refused = await peftjs(train('none', '--resume'));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/none\.run holds no interrupted run/) });
  });
});

describe('other ways to train', () => {
  test('the whole model, saved as one that evaluates the same', async () => {
    const { code, stdout, objects } = await peftjs(train('whole-model', '--full', '--json'));
    expect(code, stdout).toBe(0);
    expect(ofType(objects, 'trainable')[0]?.summary).toMatch(/trainable%: 100\.0000$/);
    const { before, after } = objects.at(-1) as { before: number; after: number };
    const files = ['config.json', 'model.safetensors', 'peftjs.json', 'tokenizer.json', 'tokenizer_config.json'];
    expect(readdirSync(place.path('whole-model')).sort()).toEqual(files);
    const untrained = await evaluated(place.model);
    expect(await evaluated(place.path('whole-model'))).toBeLessThan(untrained);
    expect(after).toBeLessThan(before);
  });

  test.for([
    ['dora', '--dora', '--rslora'],
    ['gaussian', '--init', 'gaussian', '--accumulate', '2', '--recompute'],
    ['pissa', '--init', 'pissa', '--targets', 'q_proj'],
    ['pattern', '--targets', '/.*(q|v)_proj/', '--layers', '1'],
    ['norms', '--modules-to-save', 'norm', '--schedule', 'cosine', '--packing'],
    ['prefix', '--method', 'prefix', '--virtual-tokens', '5', '--prefix-projection', '6'],
    ['prompt', '--method', 'prompt', '--virtual-tokens', '8', '--prompt-init', 'text', '--prompt-text', 'The union:'],
    ['p-tuning', '--method', 'p-tuning', '--virtual-tokens', '3', '--encoder', 'lstm', '--encoder-hidden', '4'],
  ] as const)('%s', async ([name, ...more]) => {
    const { code, stderr } = await peftjs(train(name, ...more));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const inspected = await peftjs(['inspect', place.path(name), '--json']);
    expect(inspected.objects[0]).toMatchObject({ kind: 'adapter', verified: true });
    const loaded = await peftjs([
      'eval',
      '--model',
      place.model,
      '--adapter',
      place.path(name),
      '--data',
      place.data,
      '--backend',
      'cpu',
    ]);
    expect(loaded.stderr).toBe('');
  });

  test('without held-out text, and with a valid file', async () => {
    const none = await peftjs(train('no-holdout', '--holdout', '0', '--json'));
    expect(none.objects.at(-1)).toMatchObject({ before: null, after: null });
    const evaluated = await peftjs(train('eval-some', '--eval-sequences', '1', '--json'));
    expect(ofType(evaluated.objects, 'data')[0]).toMatchObject({ heldOut: { sequences: 1 } });
  });

  test('ends early where nothing improves', async () => {
    const { objects } = await peftjs(
      train('early', '--eval-every', '1', '--patience', '1', '--learning-rate', '100', '--json'),
    );
    expect(ofType(objects, 'end')[0]).toMatchObject({ reason: 'no improvement' });
    expect(losses(objects).length).toBeLessThan(6);
  });
});

test('options come from a file, and flags override it', async () => {
  const config = place.path('config.json');
  writeFileSync(
    config,
    JSON.stringify({
      model: place.model,
      data: place.data,
      out: place.path('configured'),
      backend: ['cpu'],
      steps: 2,
      rank: 4,
      'batch-size': 2,
    }),
  );
  const { code, stderr } = await peftjs(['train', '--config', config, '--rank', '3']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(readFileSync(place.path('configured/adapter_config.json'), 'utf8'))).toMatchObject({
    r: 3,
    lora_alpha: 6,
  });
});

test('trains an adapter over weights of 16 bits', async () => {
  const half = await peftjs(train('half', '--json', '--weights', 'bf16'));
  const whole = await peftjs(train('whole', '--json'));
  expect(half.stderr).toBe('');
  const [held, all] = [half, whole].map(({ objects }) => ofType(objects, 'model')[0] as { bytes: number });
  expect((held as { bytes: number }).bytes).toBeLessThan(0.55 * (all as { bytes: number }).bytes);
  const result = half.objects.at(-1) as { before: number; after: number };
  expect(result.after).toBeLessThan(result.before);
  const { provenance } = JSON.parse(readFileSync(place.path('half/peftjs.json'), 'utf8'));
  expect(provenance.recipe).toMatchObject({ weights: 'bf16' });
});
