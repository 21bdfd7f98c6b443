// @ts-check
// The child's side of harness/engine.mjs in JavaScript: answers requests from standard input, a line of JSON each.
import { createInterface } from 'node:readline';
import { peakResidentBytes } from './resident-memory.mjs';

/** Thrown where what an engine needs is not installed. */
export class Absent extends Error {}

/**
 * @typedef {Record<string, (args: any) => unknown>} Handlers
 * @param {(options: any) => Promise<{ about: Record<string, unknown>, handlers: Handlers }>} prepare
 */
export async function serve(prepare) {
  const write = process.stdout.write.bind(process.stdout);
  const say = (/** @type {object} */ message) => write(`${JSON.stringify(message)}\n`);
  // Libraries print to standard output too, which here belongs to the answers.
  process.stdout.write = /** @type {typeof process.stdout.write} */ (process.stderr.write.bind(process.stderr));
  try {
    const { about, handlers } = await prepare(JSON.parse(process.argv[2] ?? '{}'));
    /** @type {Handlers} */
    const all = { memory: () => ({ peakResidentBytes: peakResidentBytes() }), ...handlers };
    say({ ready: about });
    for await (const line of createInterface({ input: process.stdin })) {
      const { request, ...args } = JSON.parse(line);
      const handler = all[request];
      if (handler === undefined) throw new Error(`no request "${request}"`);
      say({ answer: await handler(args) });
    }
    process.exit(0);
  } catch (error) {
    if (error instanceof Absent) say({ absent: error.message });
    else say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exit(error instanceof Absent ? 0 : 1);
  }
}
