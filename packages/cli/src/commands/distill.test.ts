// Signs with trained scales, from the command line.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peftjs } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
  const how = ['--steps', '6', '--learning-rate', '0.01', '--length', '16', '--backend', 'wasm'];
  const on = ['--model', base(), '--data', place.data, '--out', tuned()];
  const { stderr } = await peftjs(['train', '--full', ...on, ...how]);
  expect(stderr).toBe('');
});
afterAll(() => place.remove());

const [base, tuned] = [() => place.model, () => place.path('near')];
const diff = (...more: string[]) =>
  peftjs(['delta', 'diff', '--base', base(), '--tuned', tuned(), '--json', ...more, '--backend', 'wasm']);
const lossOf = async (...more: string[]) => {
  const { objects } = await peftjs(['eval', '--data', place.data, '--backend', 'wasm', '--json', ...more]);
  return (objects[0] as { base: { loss: number } }).base.loss;
};

test('brings the scales of signs nearer to what the fine-tuned model says', async () => {
  const far = async (name: string, ...more: string[]) => {
    const out = place.path(name);
    const { code, stderr, objects } = await diff('--codec', 'sign', '--out', out, ...more);
    expect([code, stderr]).toEqual([0, '']);
    expect(Object.keys(objects[0]?.codecs as object)).toContain('sign');
    return Math.abs((await lossOf('--model', base(), '--delta', out)) - (await lossOf('--model', tuned())));
  };
  const trained = await far('trained-signs', '--distill', place.data, '--distill-steps', '12');
  expect(trained).toBeLessThan(0.7 * (await far('plain-signs')));
});

test.each([
  [['--distill', 'x'], '--distill trains the scales of --codec sign; add it'],
  [['--distill-steps', '3', '--codec', 'sign'], '--distill-steps is for --distill PATH, which is missing'],
  [['--distill', 'x', '--codec', 'sign', '--codec-for', 'norm=exact'], 'leave out --codec-for'],
])('is refused with %o', async (options, message) => {
  expect(await diff('--out', place.path('none'), ...options)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message),
  });
});
