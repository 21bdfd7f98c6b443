// @ts-check
// The training of this folder in Node. Run: node recipes/browser/node.mjs [--out FOLDER]
import { wasm } from '@peftjs/backend-wasm';
import { diskFolder } from '@peftjs/checkpoint';
import { readArguments } from '../read-arguments.mjs';
import { TEXTS } from './texts.mjs';
import { trainNotes } from './train-notes.mjs';

const out = readArguments().out ?? 'out/notes';
const places = {
  backends: [wasm()],
  model: 'models/sotu-3m',
  run: diskFolder(`${out}-run`),
  out: diskFolder(out),
};
for await (const event of trainNotes({ texts: TEXTS, steps: 8 }, places)) console.log(JSON.stringify(event));
