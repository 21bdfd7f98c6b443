// @ts-check
// The page trains itself: import maps do not reach into workers. Serve the repository's root, built.
import { wasm } from '@peftjs/backend-wasm';
import { webFolder } from '@peftjs/browser';
import { httpFolder } from '@peftjs/checkpoint';
import { showRun } from '../show-run.mjs';
import { trainNotes } from '../train-notes.mjs';

const tfjs = '/packages/backend-wasm/node_modules/@tensorflow/tfjs-backend-wasm/dist/';
const out = webFolder('notes');

showRun((notes) => {
  const places = {
    backends: [wasm({ wasmPaths: tfjs })],
    model: httpFolder('/models/sotu-3m'),
    run: webFolder('notes-run'),
    out,
  };
  return trainNotes(notes, places);
}, out);
