import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { wrongArrows } from './arrows.ts';

test('packages depend on each other only along the arrows of the design', () => {
  expect(wrongArrows(join(import.meta.dirname, '../packages'))).toEqual([]);
});

describe('a wrong arrow is found', () => {
  const trees: string[] = [];
  afterEach(() => {
    for (const tree of trees.splice(0)) rmSync(tree, { recursive: true });
  });

  /** A `packages` folder with one package: its manifest and its source. */
  function tree(name: string, manifest: object, source = '', file = 'src/index.ts'): string {
    const folder = mkdtempSync(join(tmpdir(), 'peftjs-arrows-'));
    trees.push(folder);
    const path = join(folder, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(folder, name, 'package.json'), JSON.stringify({ name: `@peftjs/${name}`, ...manifest }));
    writeFileSync(path, source);
    return folder;
  }
  const depends = (...names: string[]) => ({ dependencies: Object.fromEntries(names.map((name) => [name, '*'])) });

  test.for([
    ['static import', `import { x } from '@peftjs/models';`],
    ['import for its effect', `import '@peftjs/models';`],
    ['type import', `import type { X } from '@peftjs/models';`],
    ['re-export', `export { x } from '@peftjs/models';`],
    ['re-export of all', `export * from '@peftjs/models';`],
    ['sub-path', `import { x } from '@peftjs/models/llama';`],
    ['dynamic import', `const x = await import('@peftjs/models');`],
    ['type expression', `export type X = import('@peftjs/models').X;`],
    ['require', `require('@peftjs/models');`],
    ['resolve', `import.meta.resolve('@peftjs/models');`],
  ] as const)('in a %s', ([, source]) => {
    expect(wrongArrows(tree('lora', {}, source))).toEqual(['lora/src/index.ts -> @peftjs/models']);
  });

  test('in a package.json, whatever the kind of dependency', () => {
    for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies', 'devDependencies']) {
      const folder = tree('core', { [kind]: { '@peftjs/lora': '*' } });
      expect(wrongArrows(folder)).toEqual(['core/package.json -> @peftjs/lora']);
    }
  });

  test('from a method to another method, and from a backend to another backend', () => {
    expect(wrongArrows(tree('adapters', depends('@peftjs/lora')))).toHaveLength(1);
    expect(wrongArrows(tree('backend-wasm', depends('@peftjs/backend-cpu')))).toHaveLength(1);
    expect(wrongArrows(tree('backend-wasm', depends('@peftjs/backend')))).toEqual([]);
  });

  test('where a part of tfjs is used outside the package that owns it', () => {
    for (const part of ['tfjs-layers', 'tfjs-backend-wasm', 'tfjs-node', 'tfjs-node-gpu', 'tfjs']) {
      const source = `require('@tensorflow/${part}')`;
      expect(wrongArrows(tree('backend-cpu', {}, source))).toEqual([`backend-cpu/src/index.ts -> @tensorflow/${part}`]);
    }
    const owner = tree('host-layers', depends('@tensorflow/tfjs-layers'), `import '@tensorflow/tfjs-layers';`);
    expect(wrongArrows(owner)).toEqual([]);
  });

  test('where tfjs-core is a dependency rather than a peer, but for the command', () => {
    expect(wrongArrows(tree('core', depends('@tensorflow/tfjs-core')))[0]).toMatch(/must be a peer/);
    expect(wrongArrows(tree('cli', depends('@tensorflow/tfjs-core', '@peftjs/lora')))).toEqual([]);
  });

  test('where an import is not in package.json, or a package has no rule', () => {
    expect(wrongArrows(tree('core', {}, `import '@peftjs/backend';`))[0]).toMatch(/does not list/);
    expect(wrongArrows(tree('surprise', {}))[0]).toMatch(/no arrows are defined/);
  });

  test('but not in comments, strings and tests', () => {
    const words = `// import '@peftjs/models'\n/** @example import { x } from '@peftjs/models' */\nexport const x = '@peftjs/models';`;
    expect(wrongArrows(tree('lora', {}, words))).toEqual([]);
    expect(wrongArrows(tree('lora', {}, `import '@peftjs/models';`, 'src/lora.test.ts'))).toEqual([]);
  });
});
