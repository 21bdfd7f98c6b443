import { defineConfig } from 'vitest/config';

/** Packages are tested from their sources, so that no test can run on a stale build. */
const conditions = ['peftjs-source'];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  resolve: { conditions },
  test: {
    include: ['packages/*/src/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
});
