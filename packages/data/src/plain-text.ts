/** Plain text: a whole file, each of its paragraphs, or each of its lines is one example. */
import type { DataFormat } from './data-format.ts';
import { textChunks, textLines } from './text-chunks.ts';

/** The whole file is one text, to be cut into chunks when it is tokenized. */
export const plainText: DataFormat = {
  name: 'text',
  extensions: ['txt', 'text', 'md'],
  async *read(file) {
    let text = '';
    for await (const chunk of textChunks(file)) text += chunk;
    if (text.trim() !== '') yield { kind: 'text', text, origin: file.name };
  },
};

/** Each paragraph, that is each run of lines without a blank one between, is one text. */
export const paragraphs: DataFormat = {
  name: 'paragraphs',
  extensions: [],
  async *read(file) {
    let lines: string[] = [];
    let first = 1;
    for await (const { number, text } of textLines(file)) {
      if (text.trim() !== '') {
        if (lines.length === 0) first = number;
        lines.push(text);
      } else if (lines.length > 0) {
        yield { kind: 'text', text: lines.join('\n'), origin: `${file.name}:${first}` };
        lines = [];
      }
    }
    if (lines.length > 0) yield { kind: 'text', text: lines.join('\n'), origin: `${file.name}:${first}` };
  },
};

/** Each line that is not blank is one text. */
export const lines: DataFormat = {
  name: 'lines',
  extensions: [],
  async *read(file) {
    for await (const { number, text } of textLines(file)) {
      if (text.trim() !== '') yield { kind: 'text', text, origin: `${file.name}:${number}` };
    }
  },
};
