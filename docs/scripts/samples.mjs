// @ts-check
// The code samples of a Markdown page. A sample continues those before it on its page, unless its first line says
// ```ts fresh; one that needs a download or a browser says ```ts no-run, and is type-checked only.

/**
 * @typedef {object} Sample
 * @property {string} file the page
 * @property {number} line of its first line of code, counted from 1
 * @property {string} code
 * @property {boolean} fresh starts a program of its own
 * @property {boolean} runs
 */

/** What may stand after the language. */
const WORDS = new Set(['fresh', 'no-run']);

/**
 * What the first line of a fence says, or null where it is no sample.
 * @param {string} info `ts no-run`
 */
export function readInfo(info) {
  const [language, ...words] = info.trim().split(/\s+/);
  if (language !== 'ts') return null;
  const unknown = words.find((word) => !WORDS.has(word));
  if (unknown !== undefined) throw new Error(`a sample says "${unknown}"; known are ${[...WORDS].join(', ')}`);
  return { fresh: words.includes('fresh'), runs: !words.includes('no-run') };
}

/**
 * The samples of a page, in its order.
 * @param {string} file
 * @param {string} markdown
 * @returns {Sample[]}
 */
export function samplesOf(file, markdown) {
  /** @type {Sample[]} */
  const found = [];
  /** @type {{ info: string, fence: string, indent: number, line: number, lines: string[] } | null} */
  let open = null;
  for (const [i, line] of markdown.split('\n').entries()) {
    const [, indent = '', fence = '', info = ''] = /^( *)(`{3,})(.*)$/.exec(line) ?? [];
    if (open === null) {
      if (fence !== '') open = { info, fence, indent: indent.length, line: i + 2, lines: [] };
    } else if (fence === open.fence && info.trim() === '') {
      const said = readInfo(open.info);
      if (said !== null) found.push({ file, line: open.line, code: `${open.lines.join('\n')}\n`, ...said });
      open = null;
    } else open.lines.push(line.slice(open.indent));
  }
  return found;
}

/**
 * Samples that make up one program each: a fresh one begins another.
 * @param {readonly Sample[]} samples of one page
 * @returns {Sample[][]}
 */
export function programsOf(samples) {
  /** @type {Sample[][]} */
  const programs = [];
  for (const sample of samples) {
    const last = programs.at(-1);
    if (sample.fresh || last === undefined) programs.push([sample]);
    else last.push(sample);
  }
  return programs;
}
