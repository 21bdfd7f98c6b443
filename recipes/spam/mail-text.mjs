// @ts-check
// What a mail says, as a person reads it: its subject and the text of its body, without anything that says where it came from.
import { convert } from 'html-to-text';
import PostalMime from 'postal-mime';

/** Of a link its words, of a picture nothing. */
const READ = {
  wordwrap: /** @type {const} */ (false),
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
  ],
};

/** Where what the sender wrote ends: a signature, a mailing list's footer, a mail that is sent on. */
const END = /\n(?:-- ?\n|_{20,}|-{3,} ?Original Message|-{10,}.*Yahoo! Groups Sponsor)/;

/**
 * Headers other than the subject tell spam from ham by date, route and mailing list, and so do lists' tags and footers:
 * they are left out. So is what is quoted, which somebody else wrote.
 *
 * @param {string} raw a mail as it was sent
 * @returns {Promise<{ readonly subject: string, readonly body: string }>}
 */
export async function mailText(raw) {
  const { subject = '', text = '', html = '' } = await PostalMime.parse(raw.replace(/^From .*\n/, ''));
  const written = text.trim() === '' ? convert(html, READ) : text;
  const read = /<(?:html|body|table|font|br|p)\b/i.test(written) ? convert(written, READ) : written;
  const own = read.split('\n').filter((line) => !/^\s*[>|]/.test(line));
  return {
    subject: spaced(subject.replace(/\[[^\]]*\]/g, ' ')),
    body: spaced(/** @type {string} */ (own.join('\n').split(END)[0])),
  };
}

/** @param {string} text */
function spaced(text) {
  return text.replace(/\s+/g, ' ').trim();
}
