// `peftjs parity`: runs a golden case, and says how far we are from what the reference has computed.
import { type GoldenPart, runGoldenCase } from '@peftjs/testing';
import { type Command, command, EXIT } from '../command.ts';
import { required, text } from '../option.ts';
import { backendOptions, startBackend } from '../options/backend-options.ts';

const options = {
  case: required(text('DIR', "the case's folder, with base, adapter and expect.safetensors")),
  ...backendOptions,
};

export const parity: Command = command({
  name: 'parity',
  output: 'report',
  positional: 'case',
  about: `Runs a golden case: a base, an adapter and a batch, with the outputs, gradients and training steps that
Hugging Face PEFT has computed for them. Errors are max |a - b| over max(1, max |b|).`,
  options,
  examples: [
    ['parity --case golden/cases/lora', 'on the preferred backend'],
    ['parity --case golden/cases/dora --backend cpu --json', 'on another, for machines'],
  ],
  async run(values, { report }) {
    const backend = await startBackend(values, report);
    const { families } = await import('../methods.ts');
    const { name, parts, passed } = await runGoldenCase(values.case, families);
    report.say(`case     ${name}`);
    for (const { part, error, tolerance } of summarized(parts)) {
      const mark = error <= tolerance ? 'pass' : 'FAIL';
      report.say(`${mark}  ${part.padEnd(22)} ${error.toExponential(2).padStart(9)}  of ${tolerance.toExponential(0)}`);
    }
    report.say(passed ? 'passed' : 'failed');
    report.result({ case: name, backend: backend.name, passed, parts });
    return passed ? EXIT.ok : EXIT.checks;
  },
});

/** Gradients as one part, with the error of the worst. */
function summarized(parts: readonly GoldenPart[]): readonly GoldenPart[] {
  const gradients = parts.filter(({ part }) => part.startsWith('grad.'));
  const others = parts.filter((part) => !gradients.includes(part));
  const [worst] = [...gradients].sort((a, b) => b.error - a.error);
  const part = `gradients (${gradients.length})`;
  return worst === undefined ? others : [...others, { ...worst, part }];
}
