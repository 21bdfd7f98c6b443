// @ts-check
// Builds single pages of the site, from the packages' sources: what a test of a page needs, in seconds and on no stale build.
// Run: node docs/scripts/build-page.mjs OUT PAGE...     node docs/scripts/build-page.mjs /tmp/site playground.md
import { join, resolve } from 'node:path';
import { build } from 'vitepress';
import { docs } from './pages.mjs';

const [out = '', ...pages] = process.argv.slice(2);
if (pages.length === 0) throw new Error('say where to, and which pages: build-page.mjs OUT PAGE...');

/** What other pages show of records and measurements; the theme asks for it on every page. */
const withoutRecords = {
  name: 'without-records',
  enforce: /** @type {const} */ ('pre'),
  load: (/** @type {string} */ id) => (id.endsWith('.data.ts') ? 'export const data = [];' : undefined),
};

await build(docs, {
  async onAfterConfigResolve(site) {
    site.pages = pages;
    site.dynamicRoutes = { ...site.dynamicRoutes, routes: [] };
    site.ignoreDeadLinks = true;
    site.outDir = resolve(out);
    // Beside another build that may be running.
    site.tempDir = join(docs, 'node_modules/.cache', `page-${process.pid}`);
    site.vite = {
      ...site.vite,
      build: { ...site.vite?.build, minify: false },
      resolve: { ...site.vite?.resolve, conditions: ['peftjs-source'] },
      plugins: [...(site.vite?.plugins ?? []), withoutRecords],
    };
  },
});
