import { describe, expect, it } from 'vitest';
import { type Loader, loadTensorflow, restoreUtil } from './load-tensorflow.ts';

/** A loader that has these packages; one mapped to an Error throws it. */
function fake(packages: Readonly<Record<string, unknown>>): Loader & { readonly loaded: string[] } {
  const loaded: string[] = [];
  return {
    loaded,
    resolve: (name) => {
      if (!(name in packages)) throw new Error(`Cannot find module '${name}'`);
      return name;
    },
    load: (name) => {
      if (packages[name] instanceof Error) throw packages[name];
      loaded.push(name);
      return packages[name];
    },
  };
}

const CPU = '@tensorflow/tfjs-node';
const CUDA = '@tensorflow/tfjs-node-gpu';
const broken = new Error(
  "The Node.js native addon module can not be found at path: /x.node. \nPlease run command 'npm rebuild'",
);

describe('loadTensorflow', () => {
  it('says what to install where neither package is there', () => {
    const found = loadTensorflow(['cuda', 'cpu'], fake({}));
    expect(found).toEqual({
      obstacle:
        '@tensorflow/tfjs-node-gpu and @tensorflow/tfjs-node are not installed; optional: ' +
        '"npm install @tensorflow/tfjs-node-gpu" (it needs an NVIDIA driver, CUDA 11.2 and cuDNN 8.1) or "npm install @tensorflow/tfjs-node"',
    });
  });

  it('names only the package that was asked for', () => {
    expect(loadTensorflow(['cpu'], fake({}))).toEqual({
      obstacle: '@tensorflow/tfjs-node is not installed; optional: "npm install @tensorflow/tfjs-node"',
    });
  });

  it('prefers CUDA', () => {
    const loader = fake({ [CPU]: {}, [CUDA]: {} });
    expect(loadTensorflow(['cuda', 'cpu'], loader)).toEqual({ device: 'cuda' });
    expect(loader.loaded).toEqual([CUDA]);
  });

  it('goes on to the CPU where the binding for CUDA is broken', () => {
    expect(loadTensorflow(['cuda', 'cpu'], fake({ [CPU]: {}, [CUDA]: broken }))).toEqual({ device: 'cpu' });
  });

  it('gives the first line of the fault and the repair', () => {
    expect(loadTensorflow(['cpu'], fake({ [CPU]: broken }))).toEqual({
      obstacle:
        '@tensorflow/tfjs-node is installed but does not load (The Node.js native addon module can not be found at path: /x.node); ' +
        'its install script downloads a native library: run "npm rebuild @tensorflow/tfjs-node" with network access',
    });
  });
});

describe('restoreUtil', () => {
  it('puts back what Node 23 removed', () => {
    const util: Record<string, unknown> = {};
    restoreUtil(util, '24.1.0');
    const { isNullOrUndefined, isArray } = util as Record<string, (x: unknown) => boolean>;
    expect([null, undefined, 0].map((x) => isNullOrUndefined?.(x))).toEqual([true, true, false]);
    expect([[], {}].map((x) => isArray?.(x))).toEqual([true, false]);
  });

  it('leaves Node 20 alone', () => {
    const util = {};
    restoreUtil(util, '20.20.2');
    expect(util).toEqual({});
  });
});
