/** The fingerprint of a data set, by which an adapter says what it was trained on. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Example } from './example.ts';

/**
 * `sha256:` and the hexadecimal SHA-256 of the examples as canonical JSON Lines: one compact object a line in UTF-8, its
 * fields in the order of `Example`, each line ended by LF. It depends on what the examples say and on their order, not on
 * the format, name or spacing of the file they came from.
 */
export async function digest(examples: Iterable<Example> | AsyncIterable<Example>): Promise<string> {
  const hash = sha256.create();
  for await (const example of examples) hash.update(utf8ToBytes(`${JSON.stringify(content(example))}\n`));
  return `sha256:${bytesToHex(hash.digest())}`;
}

function content(example: Example): object {
  switch (example.kind) {
    case 'text':
      return { text: example.text };
    case 'completion':
      return { prompt: example.prompt, completion: example.completion };
    case 'messages':
      return { messages: example.messages.map(({ role, content }) => ({ role, content })) };
    default:
      return example satisfies never;
  }
}
