// @ts-check
// An engine: a child process that holds one implementation with its model, and answers requests a line of JSON each.
// engines/serve.mjs and engines/serve.py are the other side.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

const folder = new URL('../', import.meta.url);

/**
 * @typedef {object} EngineSpec
 * @property {string} name
 * @property {'javascript' | 'python'} language
 * @property {string} file below benchmarks/
 * @property {Record<string, unknown>} options for the other side
 * @property {Record<string, string>} [env]
 *
 * @typedef {object} Engine
 * @property {string} name
 * @property {EngineSpec['language']} language
 * @property {number} pid
 * @property {number} startMs from the start of the process to its first readiness
 * @property {Record<string, unknown>} about versions, device, threads
 * @property {(request: string, args?: object) => Promise<any>} ask
 * @property {() => Promise<void>} close
 */

/** @param {EngineSpec} spec */
function commandOf({ language, file, options }) {
  const path = new URL(file, folder).pathname;
  if (language === 'javascript')
    return { command: process.execPath, args: [...process.execArgv, path, JSON.stringify(options)] };
  const own = new URL('../.venv/bin/python', folder).pathname;
  const python = process.env.PEFTJS_PYTHON ?? (existsSync(own) ? own : 'python3');
  return { command: python, args: [path, JSON.stringify(options)] };
}

/**
 * Starts an engine.
 * @param {EngineSpec} spec
 * @returns {Promise<Engine | string>} the reason, where what it needs is not installed
 * @throws where it starts and then fails
 */
async function startEngine(spec) {
  const started = performance.now();
  const { command, args } = commandOf(spec);
  const child = spawn(command, args, { env: { ...process.env, ...spec.env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints = (complaints + chunk).slice(-4000);
  });
  const exit = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(`exit code ${code}`));
  });
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the engine ${spec.name} ended: ${await exit}\n${complaints}`);
    const message = JSON.parse(value);
    if ('error' in message) throw new Error(`the engine ${spec.name} failed: ${message.error}\n${complaints}`);
    return message;
  };
  const ready = await answer();
  if ('absent' in ready) {
    child.stdin.end();
    await exit;
    return ready.absent;
  }
  return {
    name: spec.name,
    language: spec.language,
    pid: child.pid ?? 0,
    startMs: performance.now() - started,
    about: ready.ready,
    async ask(request, more = {}) {
      child.stdin.write(`${JSON.stringify({ request, ...more })}\n`);
      return (await answer()).answer;
    },
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}

/**
 * What comes of an engine that is there for this alone.
 * @template T
 * @param {EngineSpec} spec
 * @param {(engine: Engine) => Promise<T>} use
 * @returns {Promise<T>}
 * @throws where what it needs is not installed
 */
export async function withEngine(spec, use) {
  const engine = await startEngine(spec);
  if (typeof engine === 'string') throw new Error(`${spec.name}: ${engine}`);
  const found = await use(engine);
  await engine.close();
  return found;
}

/**
 * Starts engines one after the other, so that none slows another's start.
 * @param {readonly EngineSpec[]} specs
 * @returns {Promise<{ engines: Engine[], absent: Record<string, string> }>}
 */
export async function startEngines(specs) {
  const engines = [];
  /** @type {Record<string, string>} */
  const absent = {};
  for (const spec of specs) {
    const engine = await startEngine(spec);
    if (typeof engine === 'string') absent[spec.name] = engine;
    else engines.push(engine);
  }
  return { engines, absent };
}
