// @ts-check
// One mail of each thread and of each that was sent in many copies, so that nothing held out is half known.

const SHINGLE = 6;
/** A mail's first words: what a classifier sees of it, and some more. */
const WORDS = 120;
/** The share of runs of words that makes a mail the copy of another. */
const COPY = 0.5;

/**
 * Passes over mails whose subject, apart from `Re:` and the like, was there before; that share half of their runs of six
 * words with one before; and that hold next to no words.
 *
 * @template {{ readonly subject: string, readonly body: string }} Mail
 * @param {readonly Mail[]} mails
 * @returns {readonly Mail[]}
 */
export function distinct(mails) {
  const subjects = new Set();
  /** @type {Map<string, number[]>} the kept mails that each run of words is in */
  const places = new Map();
  /** @type {number[]} runs of each kept mail */
  const sizes = [];
  return mails.filter(({ subject, body }) => {
    const words = wordsOf(`${subject} ${body}`);
    const topic = words.length < 5 ? '' : wordsOf(subject.replace(/^(?:\s*(?:re|fwd?|aw|sv)\s*:)+/i, '')).join(' ');
    if (words.length < 5 || (topic !== '' && subjects.has(topic))) return false;
    const runs = runsOf(words);
    const shared = new Map();
    for (const place of [...runs].flatMap((run) => places.get(run) ?? [])) {
      shared.set(place, (shared.get(place) ?? 0) + 1);
    }
    for (const [place, count] of shared) {
      if (count > COPY * Math.min(runs.size, /** @type {number} */ (sizes[place]))) return false;
    }
    subjects.add(topic);
    for (const run of runs) places.set(run, [...(places.get(run) ?? []), sizes.length]);
    sizes.push(runs.size);
    return true;
  });
}

/** @param {string} text */
function wordsOf(text) {
  return text.toLowerCase().match(/\p{L}+/gu) ?? [];
}

/** @param {readonly string[]} words */
function runsOf(words) {
  const seen = words.slice(0, WORDS);
  return new Set(seen.slice(SHINGLE - 1).map((_, i) => seen.slice(i, i + SHINGLE).join(' ')));
}
