/** The fingerprint of a data set, by which an adapter says what it was trained on. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Example } from './example.ts';
import type { LabeledExample } from './labeled-example.ts';

/**
 * `sha256:` and the hexadecimal SHA-256 of the examples as canonical JSON Lines: one compact object a line in UTF-8, its
 * fields in the order of `Example`, each line ended by LF. It depends on what the examples say and on their order, not on
 * the format, name or spacing of the file they came from.
 */
export async function digest(
  examples: Iterable<Example | LabeledExample> | AsyncIterable<Example | LabeledExample>,
): Promise<string> {
  const hash = sha256.create();
  for await (const example of examples) hash.update(utf8ToBytes(`${JSON.stringify(content(example))}\n`));
  return `sha256:${bytesToHex(hash.digest())}`;
}

function content(example: Example | LabeledExample): object {
  switch (example.kind) {
    case 'text':
      return { text: example.text, ...taskOf(example) };
    case 'completion':
      return { prompt: example.prompt, completion: example.completion, ...taskOf(example) };
    case 'messages':
      return { messages: example.messages.map(({ role, content }) => ({ role, content })), ...taskOf(example) };
    case 'labeled':
      return { text: example.text, label: String(example.label) };
    default:
      return example satisfies never;
  }
}

function taskOf({ task }: Example): { readonly task?: number } {
  return task === undefined ? {} : { task };
}
