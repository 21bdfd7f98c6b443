// @ts-check
// Child processes as the repository's scripts start them: of Node itself, of an installed tool, of the pinned pnpm.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** What keeps tools from talking to anyone. */
const QUIET = {
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  VITEPRESS_TELEMETRY_DISABLED: '1',
  HF_HUB_DISABLE_TELEMETRY: '1',
  npm_config_update_notifier: 'false',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
};

/**
 * @typedef {object} Command
 * @property {string} command
 * @property {readonly string[]} args
 *
 * @typedef {object} Outcome
 * @property {number} code exit code; 1 where the command could not be started
 * @property {string} output stdout and stderr as they came, empty where they were shown
 * @property {number} seconds
 */

/** @type {(file: string, ...args: string[]) => Command} */
export const node = (file, ...args) => ({ command: process.execPath, args: [join(root, file), ...args] });

/** @type {(name: string, ...args: string[]) => Command} a tool that the repository has installed */
export const tool = (name, ...args) => ({ command: join(root, 'node_modules/.bin', name), args });

/** @type {(...args: string[]) => Command} pnpm in the version that package.json names, from npm's cache */
export function pnpm(...args) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { command: 'npx', args: ['--yes', packageManager, ...args] };
}

/** @type {(...args: string[]) => Command} the locked dependencies, without a question where node_modules must be replaced */
export const install = (...args) => pnpm('install', '--frozen-lockfile', '--config.confirmModulesPurge=false', ...args);

/**
 * Runs a command in the repository's root to its end.
 * @param {Command} command
 * @param {{ env?: Record<string, string | undefined>, show?: boolean }} [options] `show`: give it this terminal
 * @returns {Promise<Outcome>}
 */
export function run({ command, args }, { env = {}, show = false } = {}) {
  const start = performance.now();
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...QUIET, ...env },
      shell: process.platform === 'win32' && command !== process.execPath,
      stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    /** @param {number} code */
    const end = (code) => resolve({ code, output, seconds: (performance.now() - start) / 1000 });
    /** @param {Buffer} chunk */
    const note = (chunk) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', note);
    child.stderr?.on('data', note);
    child.on('error', (error) => {
      output += `${command}: ${error.message}\n`;
      end(1);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}
