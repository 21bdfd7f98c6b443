import { join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { CHROMIUM_FLAGS, findChromium } from './scripts/chromium.mjs';
import { vulkanEnvironment } from './scripts/vulkan.mjs';

/** Packages are tested from their sources, so that no test can run on a stale build. */
const conditions = ['peftjs-source'];
const IN_BROWSER = 'packages/*/src/**/*.browser.test.ts';
/** The suites, on backends that are started in one way. These share a process a core, too. */
const SUITES = 'packages/testing/src/*.test.ts';
/**
 * Tests whose process is a part of what they test: they start a backend in more than one way, change what tfjs holds for the
 * whole process, or compute on a GPU. All others share a process a core: to start one and to load tfjs takes longer than most
 * of them run.
 */
const ALONE = [
  'packages/backend*/src/**/*.test.ts',
  'packages/testing/src/*.wasm-1.test.ts',
  'packages/*/src/**/{*.webgpu,every-backend}.test.ts',
  'tests/*.test.ts',
];
/** What the sources import from elsewhere, so that Vite prepares it before the first test and not in the middle of one. */
const DEPENDENCIES = [
  '@tensorflow/tfjs-core',
  '@peftjs/models > @huggingface/jinja',
  '@peftjs/models > @huggingface/tokenizers',
  '@peftjs/models > @noble/hashes/legacy.js',
  '@peftjs/models > @noble/hashes/sha2.js',
  '@peftjs/models > @noble/hashes/utils.js',
  '@peftjs/checkpoint > @noble/hashes/sha2.js',
  '@peftjs/delta > fflate',
  '@peftjs/browser > comlink',
  '@peftjs/browser > idb',
];
/** What the suites ask of the environment, which a page has not. */
const ENVIRONMENT = ['CI', 'PEFTJS_ALL_GOLDEN'];
const setupFiles = [join(import.meta.dirname, 'tests/console-guard.ts')];

/** Whole recipes, benchmarks, pages and shaders in software take minutes: begun last, they would keep one core waiting for the other. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = [
      ({ moduleId }: TestSpecification) => moduleId.endsWith('/recipes.test.ts'),
      ({ moduleId }: TestSpecification) => moduleId.startsWith(join(import.meta.dirname, 'tests')),
      ({ moduleId }: TestSpecification) => moduleId.endsWith('.webgpu.test.ts'),
      // A process is shared as long as the next file may share it.
      ({ project }: TestSpecification) => project.name === 'alone',
      ({ project }: TestSpecification) => project.name === 'suites',
    ];
    const rank = (file: TestSpecification) => [...long, () => true].findIndex((is) => is(file));
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

// Dawn reads these when a process starts: the test processes inherit them.
Object.assign(process.env, vulkanEnvironment());

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  resolve: { conditions },
  test: {
    pool: 'forks',
    // Vitest leaves one core to itself; on two that halves the speed.
    maxWorkers: '100%',
    testTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'packages',
          include: ['packages/*/src/**/*.test.ts'],
          exclude: [IN_BROWSER, SUITES, ...ALONE],
          isolate: false,
          setupFiles,
        },
      },
      {
        extends: true,
        test: { name: 'suites', include: [SUITES], exclude: [IN_BROWSER, ...ALONE], isolate: false, setupFiles },
      },
      { extends: true, test: { name: 'alone', include: ALONE, exclude: [IN_BROWSER], setupFiles } },
      ...inChromium(),
    ],
  },
});

/** The tests that need a page run in Chromium, where there is one (optional-parts.mjs says so where there is none). */
function inChromium(): TestProjectInlineConfiguration[] {
  const executablePath = findChromium();
  if (executablePath === null) return [];
  return [
    {
      extends: true,
      optimizeDeps: { include: DEPENDENCIES },
      define: Object.fromEntries(
        ENVIRONMENT.map((name) => [`process.env.${name}`, JSON.stringify(process.env[name] ?? '')]),
      ),
      test: {
        name: 'browser',
        include: [IN_BROWSER],
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          provider: playwright({ launchOptions: { executablePath, args: [...CHROMIUM_FLAGS] } }),
          instances: [{ browser: 'chromium' }],
        },
      },
    },
  ];
}
