import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const folders = readdirSync(join(root, 'packages'));
const changes = readdirSync(join(root, '.changeset'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => readFileSync(join(root, '.changeset', name), 'utf8'));

describe.for(folders)('%s', (name) => {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));

  test('is declared as every package is', () => {
    expect(manifest).toMatchObject({
      name: `@peftjs/${name}`,
      description: expect.stringMatching(/^[A-Z].*\.$/),
      license: 'Apache-2.0',
      type: 'module',
      sideEffects: false,
      engines: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines,
      files: expect.arrayContaining(['dist', 'src', '!**/*.test.ts', '!**/*.test-d.ts', '!**/*.tsbuildinfo']),
      exports: {
        '.': { 'peftjs-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
      },
    });
  });

  test('is built by the root project', () => {
    const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
    expect(references).toContainEqual({ path: `packages/${name}` });
  });

  test('has a change that explains its next version, or a changelog', () => {
    const explained = changes.some((text) => text.includes(`'@peftjs/${name}':`));
    expect(explained || existsSync(join(root, 'packages', name, 'CHANGELOG.md'))).toBe(true);
  });
});
