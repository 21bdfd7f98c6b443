// @ts-check
// The page: a worker trains, this shows. ?store=opfs and ?backend=wasm choose other than the defaults.
import { openWorker, webFolder } from '@peftjs/browser';
import { showRun } from '../show-run.mjs';
import { storeNamed } from './store-named.mjs';

const asked = new URLSearchParams(location.search);
const store = asked.get('store') ?? 'indexeddb';
const backend = asked.get('backend') ?? 'webgpu';

/** @type {import('@peftjs/browser').JobWorker<typeof import('./job.mjs').jobs>} */
const trainer = openWorker(new Worker(new URL('./job.mjs', import.meta.url), { type: 'module' }));

showRun((notes) => trainer.run('train', { ...notes, store, backend }), webFolder('notes', storeNamed(store)));
