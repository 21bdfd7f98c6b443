// Several adapters, and adapters of several tasks, on the command line.
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peftjs, withOptions } from '../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../test/tiny-model.ts';

let place: Workplace;
let other: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
  other = await makeWorkplace(2);
  await train(place, 'a', '--seed', '1');
  await train(place, 'b', '--method', 'ia3');
  await train(other, 'c');
  await train(
    place,
    'tasks',
    '--data',
    place.tasks,
    '--method',
    'multitask-prompt',
    '--tasks',
    '2',
    '--virtual-tokens',
    '3',
  );
}, 60_000);
afterAll(() => {
  place.remove();
  other.remove();
});

async function train({ model, data, path }: Workplace, out: string, ...more: string[]): Promise<void> {
  const learning = [
    '--steps',
    '3',
    '--batch-size',
    '2',
    '--learning-rate',
    '0.05',
    '--holdout',
    '0',
    '--backend',
    'cpu',
  ];
  const common = ['--model', model, '--data', data, '--out', path(out), ...learning];
  const { stderr } = await peftjs(['train', ...withOptions(common, more)]);
  expect(stderr).toBe('');
}

const on = () => ['--model', place.model, '--backend', 'cpu', '--json'];
const evaluate = (...more: string[]) =>
  peftjs(['eval', ...withOptions([...on(), '--data', place.data, '--sequences', '2'], more)]);
const generate = (...more: string[]) =>
  peftjs(['generate', ...withOptions([...on(), '--prompt', 'The', '--max-new-tokens', '2'], more)]);

async function loss(...more: string[]): Promise<number> {
  const { stderr, objects } = await evaluate(...more);
  expect(stderr).toBe('');
  return (objects[0] as { readonly adapted: { readonly loss: number } }).adapted.loss;
}

describe('several adapters', () => {
  const both = () => ['--adapter', `first=${place.path('a')}`, '--adapter', `second=${place.path('b')}`];

  test('count together, in the order given', async () => {
    const found = [
      await loss(...both()),
      await loss('--adapter', place.path('a')),
      await loss('--adapter', place.path('b')),
    ];
    expect(new Set(found).size).toBe(3);
    for (const ran of [await evaluate(...both()), await generate(...both())]) {
      expect(ran.objects[0]).toMatchObject({
        adapters: [
          { name: 'first', path: place.path('a') },
          { name: 'second', path: place.path('b') },
        ],
      });
    }
  });

  test('come from a config file as a list', async () => {
    const config = place.path('both.json');
    writeFileSync(config, JSON.stringify({ adapter: both().filter((word) => word !== '--adapter') }));
    expect(await loss('--config', config)).toBe(await loss(...both()));
  });

  test.each([
    ['without names', (path: string) => path],
    ['of one name', (path: string) => `same=${path}`],
  ])('%s are refused before the model is read', async (_, named) => {
    const adapters = ['a', 'b'].flatMap((name) => ['--adapter', named(place.path(name))]);
    const { code, stderr } = await evaluate('--model', 'no/such/model', ...adapters);
    expect(stderr).toMatch(/--adapter .*a and .*b are both named "(default|same)"; name them apart/);
    expect(code).toBe(2);
  });

  test('of which one does not fit are refused, and it is named', async () => {
    const { code, stderr } = await generate('--adapter', `a=${place.path('a')}`, '--adapter', `c=${other.path('c')}`);
    expect(stderr).toMatch(/"c" \(.*\) does not go onto "a": .*was made for ".*" \(sha256:.*\), this base is/);
    expect(code).toBe(1);
  });
});

describe('an adapter of several tasks', () => {
  const adapter = () => ['--adapter', place.path('tasks')];

  test('is evaluated on texts that say their task, or all of one', async () => {
    const [zero, one, mixed] = [
      await loss(...adapter(), '--task', '0'),
      await loss(...adapter(), '--task', '1'),
      await loss(...adapter(), '--data', place.tasks),
    ];
    expect(zero).not.toBe(one);
    // Two texts, the first of task 0 and the second of task 1.
    expect(mixed).toBeGreaterThan(Math.min(zero, one));
    expect(mixed).toBeLessThan(Math.max(zero, one));
  });

  test('writes as its task', async () => {
    const { code, objects } = await generate(...adapter(), '--task', '1');
    expect(code).toBe(0);
    expect(objects[0]).toMatchObject({ text: expect.any(String) });
  });

  test('shows a sample while it is trained', async () => {
    const given = ['--data', place.tasks, '--out', place.path('sampled'), '--steps', '1', '--backend', 'cpu'];
    const learned = ['--method', 'multitask-prompt', '--tasks', '2', '--virtual-tokens', '3', '--sample', 'The'];
    const { stderr, stdout } = await peftjs([
      'train',
      '--model',
      place.model,
      ...given,
      ...learned,
      '--max-new-tokens',
      '2',
    ]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^sample after\n {2}The/m);
  });

  test.each([
    ['no task', () => generate(...adapter()), /--task N is missing: the adapter tells tasks apart, 0 to 1/],
    ['another task', () => generate(...adapter(), '--task', '2'), /--task is 2; the tasks are 0 to 1/],
    ['a task of none', () => generate('--adapter', place.path('a'), '--task', '0'), /none given does; leave it out/],
    ['a task without an adapter', () => evaluate('--task', '0'), /none given does; leave it out/],
    [
      'data of other tasks',
      () => evaluate(...adapter(), '--data', place.path('three.jsonl')),
      /task 2; the tasks are 0 to 1/,
    ],
    [
      'data that cannot say',
      () => evaluate(...adapter(), '--data', place.path('plain.txt')),
      /plain\.txt cannot say of which task/,
    ],
  ])('refuses %s', async (_, ran, message) => {
    writeFileSync(place.path('three.jsonl'), '{"text":"The state","task":2}\n');
    writeFileSync(place.path('plain.txt'), 'The state of the union.\n');
    const { code, stderr } = await ran();
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('is not trained without --tasks', async () => {
    const args = ['train', '--model', 'no/such/model', '--data', place.tasks, '--out', place.path('none')];
    const { code, stderr } = await peftjs([...args, '--method', 'multitask-prompt']);
    expect(stderr).toMatch(/--tasks N is missing/);
    expect(code).toBe(2);
  });
});
