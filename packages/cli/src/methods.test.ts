import { existsSync, readdirSync } from 'node:fs';
import * as adapters from '@peftjs/adapters';
import type { Family } from '@peftjs/core';
import * as lora from '@peftjs/lora';
import * as orthogonal from '@peftjs/orthogonal';
import * as prefixTuning from '@peftjs/prefix-tuning';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peftjs, withOptions } from '../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../test/tiny-model.ts';
import { chosenMethod, families, methodNamed, methodOption, methodOptions } from './methods.ts';

const names = methodOption.choices as readonly string[];
const tables = names.map((name) => methodNamed(name).options);

test('each file of methods/ is a method, lora the first', () => {
  const files = readdirSync(new URL('methods/', import.meta.url)).map((file) => file.replace('.ts', ''));
  expect(names.toSorted()).toEqual(files.toSorted());
  expect(names[0]).toBe('lora');
});

test('whatever the packages of methods read is read here, once', () => {
  const readers = Object.entries({ ...adapters, ...lora, ...orthogonal, ...prefixTuning }).filter(([name]) =>
    /^read[A-Z]/.test(name),
  );
  const types = readers.map(([, reader]) => (reader as () => Family)().type);
  expect(families.map(({ type }) => type).toSorted()).toEqual(types.toSorted());
});

describe('options that methods share', () => {
  const shared = Object.keys(methodOptions).filter((name) => tables.filter((table) => name in table).length > 1);
  const complete = (values: Readonly<Record<string, unknown>>) => chosenMethod({ ...values, weights: 'f32' }).values;

  test.each(shared)('--%s is read and described alike by all', (name) => {
    const readings = tables.flatMap(({ [name]: option }) =>
      option ? [[option.value, option.needs, option.about]] : [],
    );
    expect(new Set(readings.map(String)).size).toBe(1);
  });

  test('have the default of the method that is named', () => {
    expect(complete({})).toMatchObject({ method: 'lora', rank: 8, targets: ['all-linear'], dora: false });
    expect(complete({ method: 'loreft' })).toMatchObject({ rank: 4, first: 1, last: 1 });
    expect(complete({ method: 'loreft', rank: 2 })).toMatchObject({ rank: 2 });
    expect(complete({ method: 'ia3' })).not.toHaveProperty('rank');
    expect(complete({ full: true })).toEqual({ full: true, weights: 'f32' });
  });

  test('say in the help which methods take them', () => {
    expect(methodOptions.rank?.about).toBe(
      "rank of the update, a bottleneck's width, or HRA's reflections (lora, alora, hra, loha, lokr, qalora: 8; adalora: 12; bottleneck; loreft: 4; vera: 256)",
    );
  });
});

describe('what goes wrong with', () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await makeWorkplace();
  });
  afterAll(() => place.remove());

  const train = (...more: string[]) => {
    const common = ['--model', place.model, '--data', place.data, '--out', place.path('none'), '--backend', 'cpu'];
    return peftjs(['train', ...withOptions([...common, '--steps', '2'], more)]);
  };

  test('BitFit: a model without biases', async () => {
    const { code, stderr } = await train('--method', 'bitfit');
    expect(stderr).toMatch(/the model has no biases to train; use another method/);
    expect(code).toBe(1);
    expect(existsSync(place.path('none'))).toBe(false);
  });

  const wrong: [readonly string[], RegExp][] = [
    [['--method', 'ia3', '--rank', '4'], /--rank is for --method lora or adalora or .*, not ia3; leave it out/],
    [['--style', 'houlsby'], /--style is for --method bottleneck, not lora; leave it out/],
    [['--method', 'bottleneck', '--activation', 'gelo'], /--activation is "gelo"; .*nearest: "gelu"/],
    [['--method', 'loreft', '--dora'], /--dora is for --method lora, not loreft/],
    [['--full', '--rank', '4'], /--full trains the whole model, and --rank is for what is trained beside it/],
    [['--full', '--weights', 'f16'], /--full trains the weights, which --weights f16 holds frozen/],
    [['--full', '--embeddings', 'int8'], /--full trains the weights, which --embeddings int8 holds frozen/],
    [['--full', '--method', 'lora'], /--full trains the whole model, and --method is for/],
    [['--method', 'bottleneck', '--rank', '4', '--reduction', '2'], /--rank 4 and --reduction 2 both state/],
    [['--method', 'adalora', '--rank', '4'], /--target-rank is 8, over --rank 4; ranks only fall/],
    [
      ['--method', 'adalora', '--budget-settle', '2'],
      /--budget-settle 2 leave none of --steps 2 for the ranks to fall in/,
    ],
    [['--init', 'loftq', '--weights', 'nf4'], /nf4 has lost before; say --loftq-weights nf4 instead/],
    [['--loftq-iterations', '2'], /--loftq-iterations is for --init loftq, not kaiming/],
    [['--method', 'alora'], /--invocation TEXT is missing/],
    [['--method', 'trainable-tokens'], /--train-tokens IDS is missing/],
    [['--method', 'oft', '--blocks', '2', '--block-size', '8'], /--block-size 8 and --blocks 2 say the same/],
    [['--method', 'boft', '--blocks', '2', '--block-size', '8'], /--block-size 8 and --blocks 2 say the same/],
    [['--method', 'oft', '--exact-cayley', '--cayley-terms', '4'], /--exact-cayley takes no series/],
    [['--method', 'p-tuning', '--encoder-layers', '3'], /--encoder-layers is for --encoder lstm, not mlp/],
    [['--method', 'prompt', '--prompt-text', 'Hear'], /--prompt-text and --prompt-init text go together/],
  ];

  test.each(wrong)('%o are refused before anything is loaded', async (options, message) => {
    const { code, stderr } = await train('--model', 'no/such/model', ...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(place.path('none'))).toBe(false);
  });
});
