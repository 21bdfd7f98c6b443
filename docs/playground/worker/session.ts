// What the worker holds: one backend, one model on it, and the adapter that is attached.
import { type BackendReport, memoryMeter, useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { webgpu } from '@peftjs/backend-webgpu';
import type { Adapter } from '@peftjs/core';
import { countParameters } from '@peftjs/core';
import { type CausalLM, loadModel } from '@peftjs/models';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import type { BackendChoice } from '../choices.ts';
import { builtInModel, pickedFolder } from './model-files.ts';

/** Where the model comes from: the site, or files of the user's. */
export interface ModelPlace {
  readonly name: string;
  readonly files: readonly File[] | null;
}

export interface Opened {
  readonly backend: BackendReport;
  readonly parameters: number;
  readonly contextLength: number;
}

const wasmPaths = { 'tfjs-backend-wasm-simd.wasm': simd, 'tfjs-backend-wasm-threaded-simd.wasm': threaded };

let opened: (Opened & { readonly model: CausalLM }) | undefined;
let attached: Adapter | null = null;

/** Starts the backend and loads the model. A worker does this once: for another of either, the page opens another worker. */
export async function open(backend: BackendChoice, { name, files }: ModelPlace): Promise<Opened> {
  const local = wasm({ wasmPaths });
  const report = await useBackend(backend === 'wasm' ? [local] : [webgpu(), local]);
  // Counts what is made from here on, the model's weights too.
  memoryMeter();
  const model = await loadModel(files === null ? builtInModel : pickedFolder(name, files));
  opened = { backend: report, parameters: countParameters(model), contextLength: model.contextLength, model };
  const { model: _, ...facts } = opened;
  return facts;
}

export function session(): Opened & { readonly model: CausalLM } {
  if (opened === undefined) throw new Error('No model is open yet.');
  return opened;
}

export function attachedAdapter(): Adapter | null {
  return attached;
}

/** Puts an adapter in the place of the one that is attached. `make` runs once that is off. */
export async function replaceAdapter(make: (model: CausalLM) => Adapter | Promise<Adapter>): Promise<Adapter> {
  attached?.detach();
  attached = null;
  attached = await make(session().model);
  return attached;
}
