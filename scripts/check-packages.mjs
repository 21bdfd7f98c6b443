// @ts-check
// Packs every package as it would be published and checks the tarball: publint for its package.json and files,
// arethetypeswrong for its types as ESM resolves them. Needs a build. Run: node scripts/check-packages.mjs
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { pnpm, root, run } from './run.mjs';

/** Resolutions that an ESM-only package does not serve. */
const NOT_SERVED = ['node10', 'node16-cjs'];

/** @param {Uint8Array<ArrayBuffer>} tarball */
async function problemsOf(tarball) {
  const lint = await publint({ pack: { tarball: tarball.buffer }, strict: true });
  const types = await checkPackage(createPackageFromTarballData(tarball));
  const messages = lint.messages.map((message) => `publint: ${formatMessage(message, lint.pkg)}`);
  if (types.types === false) return [...messages, 'types: none are published'];
  const wrong = types.problems.filter(
    (problem) => !('resolutionKind' in problem && NOT_SERVED.includes(problem.resolutionKind)),
  );
  return [...messages, ...wrong.map((problem) => `types: ${JSON.stringify(problem)}`)];
}

const folder = mkdtempSync(join(tmpdir(), 'peftjs-pack-'));
try {
  const packed = await run(
    pnpm(
      '--recursive',
      '--filter',
      './packages/*',
      'pack',
      '--config.ignore-scripts=true',
      '--pack-destination',
      folder,
    ),
  );
  if (packed.code !== 0) throw new Error(`packing failed:\n${packed.output}`);
  const tarballs = readdirSync(folder);
  const expected = readdirSync(join(root, 'packages')).length;
  if (tarballs.length !== expected) throw new Error(`${expected} packages, but ${tarballs.length} tarballs`);
  for (const name of tarballs) {
    const problems = await problemsOf(new Uint8Array(readFileSync(join(folder, name))));
    if (problems.length > 0) process.exitCode = 1;
    for (const problem of problems) console.error(`${name}: ${problem}`);
  }
  console.log(`${tarballs.length} tarballs checked`);
} finally {
  rmSync(folder, { recursive: true });
}
