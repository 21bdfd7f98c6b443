import { expect, test } from 'vitest';
import { createReporter, type Output, type Sink } from './reporter.ts';

function sink(isTTY = false): Sink & { text: string } {
  const made = {
    text: '',
    isTTY,
    columns: 80,
    write(piece: string) {
      made.text += piece;
      return true;
    },
  };
  return made;
}

function said(output: Output, json: boolean) {
  const [out, err] = [sink(), sink()];
  const report = createReporter({ out, err, json, output });
  report.say('a line');
  report.write('made');
  report.event({ type: 'step' });
  report.result({ type: 'result' });
  return { out: out.text, err: err.text };
}

test.for([
  ['report', false, 'a line\nmade', ''],
  ['text', false, 'made', 'a line\n'],
  ['report', true, '{"type":"result"}\n', ''],
  ['text', true, '{"type":"result"}\n', ''],
  ['events', true, '{"type":"step"}\n{"type":"result"}\n', ''],
] as const)('%s, json %s', ([output, json, out, err]) => {
  expect(said(output, json)).toEqual({ out, err });
});

test('shows a bar on a terminal, and every line above it, the last one too', async () => {
  const out = sink(true);
  const report = createReporter({ out, err: sink(), json: false, output: 'events' });
  const bar = await report.progress(3, 'steps');
  for (const step of [1, 2, 3]) {
    bar.update(step, `loss ${step}`);
    report.say(`step ${step}`);
  }
  bar.stop();
  report.say('after');
  expect(out.text).toContain('3/3 steps loss 3');
  const lines = [...out.text.matchAll(/(step \d|after)\n/g)].map(([, line]) => line);
  expect(lines).toEqual(['step 1', 'step 2', 'step 3', 'after']);
});

test('shows no bar elsewhere', async () => {
  const out = sink();
  const bar = await createReporter({ out, err: sink(), json: false, output: 'events' }).progress(1, 'steps');
  bar.update(1);
  bar.stop();
  expect(out.text).toBe('');
});
