/**
 * Checks that `@huggingface/tokenizers` gives the ids that Python gave, and decodes them to the text, on both corpora.
 * `make-tokenizer.py` has to run before it. Prints one line of JSON a split; exit code 1 at the first difference.
 */
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const tokenizer = new Tokenizer(JSON.parse(read('tokenizer.json')), JSON.parse(read('tokenizer_config.json')));

for (const name of ['sotu', 'moby-dick']) {
  for (const part of ['train', 'valid']) {
    const texts = read(`.cache/${name}/${part}.jsonl`)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).text);
    const start = performance.now();
    const rows = texts.map((text) => tokenizer.encode(text).ids);
    const seconds = (performance.now() - start) / 1000;
    const decodeStart = performance.now();
    const decoded = rows.map((ids) => tokenizer.decode(ids, { skip_special_tokens: true }));
    const decodeSeconds = (performance.now() - decodeStart) / 1000;
    const lost = decoded.findIndex((text, index) => text !== texts[index]);
    const bytes = readFileSync(new URL(`.cache/${name}/${part}.ids.bin`, import.meta.url));
    const expected = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const ids = rows.flat();
    const different = ids.length === expected.length ? ids.findIndex((id, index) => id !== expected[index]) : 0;
    if (lost >= 0 || different >= 0) {
      const what = lost >= 0 ? `text ${lost} decodes to something else` : `ids differ from ${different} on`;
      console.error(`${name} ${part}: ${what} (${ids.length} ids, Python gave ${expected.length})`);
      process.exit(1);
    }
    const perSecond = Math.round(ids.length / seconds);
    const decodedPerSecond = Math.round(ids.length / decodeSeconds);
    console.log(JSON.stringify({ name, part, tokens: ids.length, perSecond, decodedPerSecond }));
  }
}
