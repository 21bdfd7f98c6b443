import { describe, expect, test } from 'vitest';
import { type Config, configReader } from './config-reader.ts';

const read = (config: Config, targetKeys?: readonly string[]) =>
  configReader('mine', config, ['r', 'kind'], targetKeys);
const kinds = [{ name: 'round' }, { name: 'square' }];

describe('a key that is not read', () => {
  test('is refused with the nearest that is, where it asks for something', () => {
    expect(() => read({ rr: 2 })).toThrow(
      '[peftjs/mine] adapter_config.json asks for "rr", which is not supported; nearest: "r"',
    );
  });

  test('is left alone where it asks for nothing, or says what every adapter says', () => {
    expect(() => read({ a: null, b: false, c: {}, d: [], peft_type: 'MINE', revision: 'main' })).not.toThrow();
  });

  test('may be one about targets', () => {
    const config = { target_modules: ['q'], exclude_modules: ['k'] };
    expect(read(config).targets()).toMatchObject({ modules: ['q'], exclude: ['k'] });
    expect(() => read(config, ['target_modules'])).toThrow('asks for "exclude_modules", which is not supported');
  });
});

test.each<[string, () => unknown, string]>([
  ['a number that is none', () => read({ r: '2' }).number('r'), 'has r "2"; a number is needed'],
  ['a null for a number', () => read({ r: null }).number('r'), 'has r null; a number is needed'],
  ['no number', () => read({}).number('r'), 'has no r; a number is needed'],
  ['a flag that is none', () => read({ r: 1 }).flag('r', true), 'has r 1; true or false is needed'],
  ['another word', () => read({ kind: 'rund' }).word('kind', ['round', 'square']), 'has kind "rund"; nearest: "round"'],
  ['another name', () => read({ kind: 'squar' }).named('kind', kinds), 'has kind "squar"; nearest: "square"'],
  ['no name', () => read({}).named('kind', kinds), 'adapter_config.json has no kind'],
  ['no targets', () => read({ target_modules: [] }).targets(), 'has target_modules []; names are needed'],
])('%s is refused', (_, reading, message) => {
  expect(reading).toThrow(message);
});

test('what is not there is as said; a word is the first', () => {
  const found = read({ kind: 'square' });
  expect([found.number('r', 8), found.flag('r', true), found.word('r', ['none', 'all'])]).toEqual([8, true, 'none']);
  expect(found.named('kind', kinds)).toBe(kinds[1]);
});

test('modules that were trained whole come once each', () => {
  const [method] = read({ modules_to_save: ['classifier', 'score', 'classifier', 'score'] }).whole();
  expect(method?.targets.modules).toEqual(['classifier', 'score']);
  expect(read({ modules_to_save: [] }).whole()).toEqual([]);
});
