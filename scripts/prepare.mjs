// @ts-check
// One part of a set-up that a person waits for: its name and its time, and its output only where it fails.
import { run } from './run.mjs';

/**
 * Runs a command, and ends the process where that fails.
 * @param {string} name
 * @param {import('./run.mjs').Command} command
 */
export async function prepare(name, command) {
  process.stdout.write(`${name} ... `);
  const { code, output, seconds } = await run(command);
  if (code === 0) return console.log(`${seconds.toFixed(1)} s`);
  console.error(`\n${output.trimEnd()}\n\n${name} failed; the output above says why`);
  process.exit(1);
}
