import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const VENV = fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url));

/** Ends with the modules that are not there. To import them takes seconds, and is done by the program that needs them. */
const FIND =
  'import sys; from importlib.util import find_spec; sys.exit(", ".join(m for m in sys.argv[1:] if not find_spec(m)) or None)';

/** A Python that has `modules`: `PEFTJS_PYTHON`, else the repository's `.venv`. Null where there is none, but in CI an error. */
export function findPython(...modules: readonly string[]): string | null {
  const path = process.env.PEFTJS_PYTHON || VENV;
  try {
    if (path === VENV && !existsSync(VENV)) throw new Error('PEFTJS_PYTHON is not set, .venv does not exist');
    execFileSync(path, ['-c', FIND, ...modules], { stdio: 'pipe' });
    return path;
  } catch (cause) {
    if (process.env.CI) throw new Error(`no Python with ${modules.join(', ')}`, { cause });
    return null;
  }
}

/**
 * Runs a Python program and gives what it printed.
 *
 * @param packages a folder of packages beside its own
 */
export function runPython(python: string, program: string, args: readonly string[], packages?: string): string {
  const env = packages === undefined ? process.env : { ...process.env, PYTHONPATH: packages };
  const options = { env, encoding: 'utf8', stdio: 'pipe', maxBuffer: Number.POSITIVE_INFINITY } as const;
  return execFileSync(python, ['-W', 'always', '-c', program, ...args], options);
}

/** The beginning of a program: what is logged as a warning comes into `messages`. */
export const COLLECT_WARNINGS = `
import json, logging, sys, warnings
messages = []
class Collect(logging.Handler):
    def emit(self, record): messages.append(record.getMessage())
logging.getLogger().addHandler(Collect(logging.WARNING))`;
