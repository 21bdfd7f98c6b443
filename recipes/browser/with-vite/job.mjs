// @ts-check
// The worker.
import { wasm } from '@peftjs/backend-wasm';
import { webgpu } from '@peftjs/backend-webgpu';
import { serve, webFolder } from '@peftjs/browser';
import { httpFolder } from '@peftjs/checkpoint';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { trainNotes } from '../train-notes.mjs';
import { storeNamed } from './store-named.mjs';

const wasmPaths = { 'tfjs-backend-wasm-simd.wasm': simd, 'tfjs-backend-wasm-threaded-simd.wasm': threaded };

export const jobs = serve({
  /**
   * @param {import('../train-notes.mjs').Notes & { store: string, backend: string }} options
   * @param {import('@peftjs/browser').JobContext} context
   */
  train({ store: named, backend, ...notes }, { signal }) {
    const store = storeNamed(named);
    const places = {
      backends: backend === 'wasm' ? [wasm({ wasmPaths })] : [webgpu(), wasm({ wasmPaths })],
      model: httpFolder(new URL('/models/sotu-3m', self.location.origin).href),
      run: webFolder('notes-run', store),
      out: webFolder('notes', store),
    };
    return trainNotes(notes, places, signal);
  },
});
