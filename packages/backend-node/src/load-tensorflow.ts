// Finds and loads the native TensorFlow package: CUDA's first, then the CPU's. Loading it makes tfjs's backend
// `tensorflow`; whatever was active before is made active again.
import { createRequire } from 'node:module';
import util from 'node:util';
import { getBackend, setBackend } from '@tensorflow/tfjs-core';

export const PACKAGES = { cuda: '@tensorflow/tfjs-node-gpu', cpu: '@tensorflow/tfjs-node' } as const;

export type Device = keyof typeof PACKAGES;

/** A package that loaded, or the reason why none did. */
export type Loaded = { readonly device: Device } | { readonly obstacle: string };

/** How a package is found and loaded; `require` of this module unless a test says otherwise. */
export interface Loader {
  resolve(name: string): string;
  load(name: string): unknown;
}

const require = createRequire(import.meta.url);

const requireLoader: Loader = {
  resolve: (name) => require.resolve(`${name}/package.json`),
  load: (name) => require(name),
};

/**
 * tfjs-node calls two functions that Node 23 removed from `util` and that Node 22 warns of.
 * @param util Node's own module, or a test's
 */
export function restoreUtil(util: object, version: string = process.versions.node): void {
  if (Number.parseInt(version, 10) < 22) return;
  Object.assign(util, { isArray: Array.isArray, isNullOrUndefined: (x: unknown) => x === null || x === undefined });
}

/** Loads the first of `devices` whose package is installed and whole. Throws nothing. */
export function loadTensorflow(devices: readonly Device[], loader: Loader = requireLoader): Loaded {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  restoreUtil(util);
  const before = getBackend();
  const faults: string[] = [];
  for (const device of devices) {
    const name = PACKAGES[device];
    try {
      loader.resolve(name);
    } catch {
      continue;
    }
    // Otherwise matrix products of float32 keep 10 bits of the mantissa on Ampere and newer.
    if (device === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0';
    try {
      loader.load(name);
      if (before) setBackend(before);
      return { device };
    } catch (cause) {
      faults.push(`${name} is installed but does not load (${firstLine(cause)}); ${repair(device)}`);
    }
  }
  return { obstacle: faults.length > 0 ? faults.join('; ') : absent(devices) };
}

function firstLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return (message.split('\n')[0] ?? '').trim().replace(/[.;:]$/, '');
}

function repair(device: Device): string {
  const cuda = device === 'cuda' ? `${CUDA}; ` : '';
  return `${cuda}its install script downloads a native library: run "npm rebuild ${PACKAGES[device]}" with network access`;
}

const CUDA = 'it needs an NVIDIA driver, CUDA 11.2 and cuDNN 8.1';

function absent(devices: readonly Device[]): string {
  const names = devices.map((device) => PACKAGES[device]);
  const choices = devices.map((device) =>
    device === 'cuda' ? `"npm install ${PACKAGES.cuda}" (${CUDA})` : `"npm install ${PACKAGES.cpu}"`,
  );
  const are = names.length > 1 ? 'are' : 'is';
  return `${names.join(' and ')} ${are} not installed; optional: ${choices.join(' or ')}`;
}
