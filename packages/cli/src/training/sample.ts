// A prompt and what the model makes of it, shown as it comes.
import { type CausalLM, type GenerateOptions, streamText } from '@peftjs/models';
import type { Reporter } from '../reporter.ts';

/** @param when goes before it, and into the event */
export async function showSample(
  model: CausalLM,
  prompt: string,
  options: GenerateOptions,
  when: 'before' | 'after',
  report: Reporter,
): Promise<void> {
  let text = '';
  report.say(`sample ${when}`);
  report.write(`  ${indented(prompt)}`);
  for await (const piece of streamText(model, prompt, options)) {
    text += piece;
    report.write(indented(piece));
  }
  report.say('\n');
  report.event({ type: 'sample', when, prompt, text });
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n  ');
}
