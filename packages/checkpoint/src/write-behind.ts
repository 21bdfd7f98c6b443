// Writes files in blocks: while one is written, the next fills, and what is written goes to the disk meanwhile.
import type { FileContent } from './folder.ts';
import type { Fs } from './node-modules.ts';

export type OpenFile = Awaited<ReturnType<Fs['open']>>;

export interface BlockSizes {
  /** Bytes that are written at once. */
  readonly block: number;
  /** Bytes that a file may have before the disk must have them, so that not all of them are waited for in the end. */
  readonly stretch: number;
}

/** Gives what writes files, one after the other, from the same two blocks of memory. */
export function blockWriter({ block, stretch }: BlockSizes = { block: 2 ** 20, stretch: 2 ** 25 }) {
  let blocks: [filling: Uint8Array, written: Uint8Array] | null = null;
  return async (file: OpenFile, content: FileContent): Promise<void> => {
    if (content instanceof Uint8Array) return file.appendFile(content);
    blocks ??= [new Uint8Array(block), new Uint8Array(block)];
    let [filled, unsafe] = [0, 0];
    let [writing, storing]: Promise<void>[] = [];
    const flush = async ([filling, written]: readonly [Uint8Array, Uint8Array]) => {
      await writing;
      writing = started(file.appendFile(filling.subarray(0, filled)));
      blocks = [written, filling];
      unsafe += filled;
      filled = 0;
      if (unsafe < stretch) return;
      unsafe = 0;
      await storing;
      storing = started(file.datasync());
    };
    for await (const part of content) {
      for (let at = 0; at < part.length; ) {
        const some = part.subarray(at, at + block - filled);
        blocks[0].set(some, filled);
        filled += some.length;
        at += some.length;
        if (filled === block) await flush(blocks);
      }
    }
    if (filled > 0) await flush(blocks);
    await writing;
    await storing;
  };
}

/** It is awaited later; should the work end before, nobody asks for it. */
function started(work: Promise<void>): Promise<void> {
  work.catch(() => {});
  return work;
}
