// @ts-check
// Writes a file that others may read at this moment: they find the old one or the new one, and never a part.
import { renameSync, writeFileSync } from 'node:fs';

/**
 * @param {string} file
 * @param {string} text
 */
export function replaceFile(file, text) {
  const part = `${file}.${process.pid}`;
  writeFileSync(part, text);
  renameSync(part, file);
}
