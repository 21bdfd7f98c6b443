// @ts-check
// Run from the repository's root: npx vite recipes/browser/with-vite
import { defineConfig } from 'vite';

/** With these a page may share memory between threads. */
const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

export default defineConfig({
  root: import.meta.dirname,
  worker: { format: 'es' },
  server: { headers, fs: { allow: ['../../..'] } },
});
