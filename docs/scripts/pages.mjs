// @ts-check
// The Markdown that holds samples: the site's pages and the READMEs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const docs = join(import.meta.dirname, '..');
export const root = join(docs, '..');

/** Folders of docs/ without pages. */
const OTHERS = new Set(['node_modules', '.vitepress', 'scripts', 'public', 'data', 'generated']);

/** @param {string} folder @returns {string[]} */
function markdownIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return folder === docs && OTHERS.has(entry.name) ? [] : markdownIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Every page of the site, the root's README and that of each package. */
export function pages() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'README.md'));
  const files = [...markdownIn(docs), join(root, 'README.md'), ...packages];
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw new Error(`${missing} is missing`);
  return files.map((file) => ({ file, markdown: readFileSync(file, 'utf8') }));
}
