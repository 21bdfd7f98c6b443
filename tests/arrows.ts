// The arrows between packages: which package may depend on which, and who may touch tfjs. `wrongArrows` reads every
// package.json and every import below a `packages` folder and gives one line for each arrow that is not allowed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importsOf, packageOf } from './imports.ts';

const ANYTHING = 'anything';
const METHOD: readonly string[] = ['core', 'backend'];
const HOST: readonly string[] = ['core', 'backend', 'checkpoint', 'safetensors'];

const ARROWS: Readonly<Record<string, readonly string[] | typeof ANYTHING>> = {
  adapters: METHOD,
  backend: [],
  'backend-*': ['backend'],
  browser: ['checkpoint', 'models', 'safetensors'],
  checkpoint: ['safetensors'],
  cli: ANYTHING,
  core: ['backend'],
  data: [],
  delta: ['checkpoint', 'safetensors'],
  'delta-distill': ['backend', 'checkpoint', 'core', 'delta', 'safetensors', 'train'],
  'delta-runtime': ['backend', 'checkpoint', 'core', 'delta', 'safetensors'],
  evaluate: METHOD,
  gguf: ['safetensors'],
  'host-layers': HOST,
  lora: METHOD,
  models: [...HOST, 'gguf'],
  orthogonal: METHOD,
  'prefix-tuning': METHOD,
  quantization: METHOD,
  'quantization-distill': ['backend', 'core', 'quantization', 'train'],
  registry: ['checkpoint', 'safetensors'],
  safetensors: [],
  testing: [...HOST, 'models', 'train', 'quantization'],
  train: METHOD,
};

const TFJS_CORE = '@tensorflow/tfjs-core';

/** Parts of tfjs beside its core, and the one package that may have each. */
const TFJS_OWNERS: Readonly<Record<string, string>> = {
  '@tensorflow/tfjs-backend-cpu': 'backend-cpu',
  '@tensorflow/tfjs-backend-wasm': 'backend-wasm',
  '@tensorflow/tfjs-backend-webgpu': 'backend-webgpu',
  '@tensorflow/tfjs-node': 'backend-node',
  '@tensorflow/tfjs-node-gpu': 'backend-node',
  '@tensorflow/tfjs-layers': 'host-layers',
};

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** One line for each wrong arrow of the packages in `folder`: who, where, to what. */
export function wrongArrows(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .flatMap((name) => wrongArrowsOf(folder, name));
}

function wrongArrowsOf(folder: string, name: string): readonly string[] {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'));
  const wrong: string[] = [];
  if (manifest.name !== `@peftjs/${name}`)
    wrong.push(`${name}/package.json: named ${manifest.name}, not @peftjs/${name}`);
  if (!rule(name)) return [...wrong, `${name}: no arrows are defined for this package; add it to tests/arrows.ts`];

  const installed = { ...manifest.dependencies, ...manifest.optionalDependencies };
  const declared = { ...installed, ...manifest.peerDependencies };
  if (name !== 'cli' && TFJS_CORE in installed)
    wrong.push(`${name}/package.json: ${TFJS_CORE} must be a peer dependency, so that there is one copy of it`);
  const atRunTime = Object.keys(declared);
  const inTests = Object.keys(manifest.devDependencies ?? {}).filter((target) => target.startsWith('@peftjs/'));
  for (const target of [...atRunTime, ...inTests]) {
    if (!isAllowed(name, target)) wrong.push(`${name}/package.json -> ${target}`);
  }

  for (const file of sourcesOf(join(folder, name, 'src'))) {
    const at = `${name}/${file.slice(join(folder, name).length + 1)}`;
    for (const target of new Set(importsOf(file).map(packageOf))) {
      if (target === null) continue;
      if (!isAllowed(name, target)) wrong.push(`${at} -> ${target}`);
      else if (target.startsWith('@') && !(target in declared) && target !== manifest.name)
        wrong.push(`${at} -> ${target}, which its package.json does not list`);
    }
  }
  return wrong;
}

function rule(name: string): readonly string[] | typeof ANYTHING | undefined {
  return ARROWS[name] ?? (name.startsWith('backend-') ? ARROWS['backend-*'] : undefined);
}

function isAllowed(from: string, target: string): boolean {
  if (target.startsWith('@tensorflow/')) return target === TFJS_CORE || TFJS_OWNERS[target] === from;
  if (!target.startsWith('@peftjs/')) return true;
  const to = target.slice('@peftjs/'.length);
  const allowed = rule(from);
  return to === from || allowed === ANYTHING || (allowed?.includes(to) ?? false);
}

/** Every module of a package but its tests. */
function sourcesOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?tsx?$/.test(name) && !/\.(test|test-d|bench)\.|\.gen\.ts$/.test(name))
    .map((name) => join(folder, name));
}
