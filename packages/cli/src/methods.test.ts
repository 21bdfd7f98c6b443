import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peftjs } from '../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../test/tiny-model.ts';
import { methodNamed, methodOption, methodOptions, withDefaults } from './methods.ts';

const names = methodOption.choices as readonly string[];
const tables = names.map((name) => methodNamed(name).options);

describe('options that methods share', () => {
  const shared = Object.keys(methodOptions).filter((name) => tables.filter((table) => name in table).length > 1);

  test.each(shared)('--%s is read alike by all', (name) => {
    const readings = tables.flatMap(({ [name]: option }) => (option ? [[option.value, option.needs]] : []));
    expect(new Set(readings.map(String)).size).toBe(1);
  });

  test('have the default of the method that is named', () => {
    expect(withDefaults({ method: 'lora' })).toMatchObject({ rank: 8, targets: ['all-linear'], dora: false });
    expect(withDefaults({ method: 'loreft' })).toMatchObject({ rank: 4, first: 1, last: 1 });
    expect(withDefaults({ method: 'loreft', rank: 2 })).toMatchObject({ rank: 2 });
    expect(withDefaults({ method: 'ia3' })).not.toHaveProperty('rank');
  });

  test('say in the help which methods take them', () => {
    expect(methodOptions.rank?.about).toBe(
      'rank of the update, or width of the bottleneck (lora: 8; bottleneck; loreft: 4)',
    );
  });
});

describe('the adapters of', () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await makeWorkplace();
  });
  afterAll(() => place.remove());

  const train = (...more: string[]) =>
    peftjs([
      ...['train', '--model', place.model, '--data', place.data, '--out', place.path('out'), '--backend', 'cpu'],
      ...['--steps', '2', '--restart', '--json', ...more],
    ]);

  const made: [string, readonly string[], string, Readonly<Record<string, unknown>>][] = [
    ['ia3', ['--layers', '1'], 'IA3', { feedforward_modules: ['model.layers.1.mlp.down_proj'] }],
    [
      'bottleneck',
      ['--style', 'houlsby', '--rank', '3', '--activation', 'gelu_new', '--scaling', '0.5'],
      'BOTTLENECK',
      { style: 'houlsby', r: 3, activation: 'gelu_new', scaling: 0.5 },
    ],
    [
      'loreft',
      ['--last', '2', '--layers', '0'],
      'LOREFT',
      { r: 4, first: 1, last: 2, target_modules: ['model.layers.0'] },
    ],
  ];

  test.each(made)('%s are trained, saved and read again', async (method, options, peft_type, config) => {
    const { code, stderr, objects } = await train('--method', method, ...options);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const saved = JSON.parse(readFileSync(place.path('out/adapter_config.json'), 'utf8'));
    expect(saved).toMatchObject({ peft_type, ...config });
    // Lines of Python only where PEFT has the method.
    const { python } = objects.at(-1) as { readonly python: readonly string[] };
    expect(python.length > 0).toBe(method === 'ia3');
    const judged = await peftjs([
      ...['eval', '--model', place.model, '--adapter', place.path('out'), '--data', place.data, '--backend', 'cpu'],
    ]);
    expect(judged.stderr).toBe('');
    expect(judged.code).toBe(0);
  });

  const wrong: [readonly string[], RegExp][] = [
    [['--method', 'ia3', '--rank', '4'], /--rank is for --method lora or bottleneck or loreft, not ia3; leave it out/],
    [['--style', 'houlsby'], /--style is for --method bottleneck, not lora; leave it out/],
    [['--method', 'bottleneck', '--activation', 'gelo'], /--activation is "gelo"; .*nearest: "gelu"/],
    [['--method', 'loreft', '--dora'], /--dora is for --method lora, not loreft/],
  ];

  test.each(wrong)('%o are refused before anything is loaded', async (options, message) => {
    const { code, stderr } = await train('--model', 'no/such/model', '--out', place.path('none'), ...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(place.path('none'))).toBe(false);
  });
});
