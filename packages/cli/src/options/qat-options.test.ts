// An adapter of rounded weights from training to merging, each command reading from its folder what was rounded.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peftjs } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
});
afterAll(() => place.remove());

const common = () => ['--model', place.model, '--data', place.data, '--backend', 'cpu'];
const train = (...more: string[]) =>
  peftjs(['train', ...common(), '--out', place.path('rounded'), '--steps', '2', '--learning-rate', '0.01', ...more]);
const lossOf = async (adapter: readonly string[], model = place.model) => {
  const all = ['eval', '--model', model, '--data', place.data, '--backend', 'cpu', '--json', ...adapter];
  const { objects, stderr } = await peftjs(all);
  expect(stderr).toBe('');
  const { base, adapted } = objects[0] as { base: { loss: number }; adapted?: { loss: number } };
  return (adapted ?? base).loss;
};

test('evaluates and merges what was trained', async () => {
  const options = ['--qat', '3', '--qat-over', 'merged', '--qat-group', '8', '--qat-steps', 'learned'];
  options.push('--optimizer', 'adamw8bit');
  expect((await train(...options)).stderr).toBe('');
  const story = JSON.parse(readFileSync(place.path('rounded/peftjs.json'), 'utf8'));
  expect(story.provenance.recipe).toMatchObject({
    qat: 3,
    'qat-over': 'merged',
    'qat-group': 8,
    'qat-steps': 'learned',
    optimizer: 'adamw8bit',
  });
  const loss = await lossOf(['--adapter', place.path('rounded')]);
  expect(Math.abs(loss - (await lossOf([])))).toBeGreaterThan(1e-3);
  const merged = ['merge', '--model', place.model, '--adapter', place.path('rounded'), '--out', place.path('merged')];
  const { stdout, stderr } = await peftjs([...merged, '--backend', 'cpu']);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^checked {2}the output on a probe is the same but for \d\.\de[+-]\d+$/m);
  expect(await lossOf([], place.path('merged'))).toBeCloseTo(loss, 5);
});

test.each([
  [['--qat', '4'], '--qat 4 rounds the frozen weight alone or with the adapter in it; say --qat-over base or merged'],
  [['--qat-group', '8'], '--qat-group says how to round, and --qat BITS is missing'],
  [['--qat-inputs', '8'], '--qat-inputs says how to round, and --qat BITS is missing'],
  [['--qat-asymmetric'], '--qat-asymmetric says how to round'],
  [['--qat', '4', '--qat-over', 'base', '--full'], '--full has neither; leave it out'],
  [['--qat', '4', '--qat-inputs', '8', '--full'], 'which the folder of a whole one cannot say; leave it out'],
  [['--qat', '9', '--qat-over', 'base'], '--qat'],
])('refuses %s', async (options, message) => {
  const { code, stderr } = await train(...options);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
