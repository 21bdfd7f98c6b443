/** A file as text: decoded chunk by chunk, or line by line with numbers. Nothing but UTF-8 is taken. */
import type { DataFile } from './data-file.ts';

const CHUNK_BYTES = 1 << 20;

/** The file's text in pieces of up to 1 MiB, without its byte order mark. */
export async function* textChunks(file: DataFile): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let start = 0; start < file.size; start += CHUNK_BYTES) {
    const end = Math.min(start + CHUNK_BYTES, file.size);
    const bytes = await file.read(start, end);
    try {
      yield decoder.decode(bytes, { stream: end < file.size });
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw new Error(
        `[peftjs/data] ${file.name} is not UTF-8 text (in bytes ${start} to ${end}): save it as UTF-8, or check its format`,
        { cause },
      );
    }
  }
}

/** One line of a file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without its line break. */
  readonly text: string;
}

/** The file's lines, ended by LF or CRLF. A line break at the very end opens no further line. */
export async function* textLines(file: DataFile): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  let rest = '';
  for await (const chunk of textChunks(file)) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      yield { number: ++number, text: withoutReturn(rest + chunk.slice(start, end)) };
      rest = '';
      start = end + 1;
    }
    rest += chunk.slice(start);
  }
  if (rest !== '') yield { number: ++number, text: withoutReturn(rest) };
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
