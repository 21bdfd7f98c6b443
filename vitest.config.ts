import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { vulkanEnvironment } from './scripts/vulkan.mjs';

/** Packages are tested from their sources, so that no test can run on a stale build. */
const conditions = ['peftjs-source'];

// Dawn reads these when a process starts: the test processes inherit them.
Object.assign(process.env, vulkanEnvironment());

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  resolve: { conditions },
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    setupFiles: [join(import.meta.dirname, 'tests/console-guard.ts')],
    projects: [
      { extends: true, test: { name: 'packages', include: ['packages/*/src/**/*.test.ts'] } },
      { extends: true, test: { name: 'repository', include: ['tests/*.test.ts'] } },
    ],
  },
});
