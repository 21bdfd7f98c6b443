/** Where a training run keeps its last state: a folder of its own with `state.json` and `state.safetensors`. */
import { openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import type { SavedTensor } from './adapter-record.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { diskFolder } from './disk-folder.ts';
import type { WritableFolder } from './folder.ts';
import { encodeJson, type Json, readJsonObject } from './json-file.ts';

const ABOUT_FILE = 'state.json';
const TENSORS_FILE = 'state.safetensors';

/** What a run needs to go on. `@peftjs/train` says what the fields mean. */
export interface RunState {
  readonly step: number;
  readonly best: number | null;
  readonly stale: number;
  readonly recipe: string;
  readonly tensors: readonly SavedTensor[];
}

/** Keeps the last state of a run. */
export interface RunStateStore {
  save(state: RunState): Promise<void>;
  load(): Promise<RunState | null>;
}

/**
 * A store for `train`. Each save replaces the last one whole or not at all.
 *
 * @param target a path or a folder, for this and nothing else
 * @example
 * train(model, batches, { learningRate: 2e-4, store: stateStore('out/run') });
 */
export function stateStore(target: string | WritableFolder): RunStateStore {
  const folder = typeof target === 'string' ? diskFolder(target) : target;
  return {
    async save({ tensors, ...about }) {
      const written = tensors.map(({ key, shape, data }) => ({ name: key, dtype: 'F32' as const, shape, data }));
      await folder.replace(
        new Map([
          [ABOUT_FILE, encodeJson(about, ABOUT_FILE)],
          [TENSORS_FILE, writeSafetensors(written)],
        ]),
      );
    },
    async load() {
      const [about, weights] = [await folder.open(ABOUT_FILE), await folder.open(TENSORS_FILE)];
      if (about === null && weights === null) return null;
      if (about === null || weights === null) {
        const missing = about === null ? ABOUT_FILE : TENSORS_FILE;
        throw new CheckpointError(`${folder.location} has no ${missing}; delete the folder to start the run anew`);
      }
      const { step, best, stale, recipe } = (await readJsonObject(about)) as { readonly [key: string]: Json };
      if (typeof step !== 'number' || typeof stale !== 'number' || typeof recipe !== 'string') {
        throw new CheckpointError(`${about.name} is not the state of a run; delete the folder to start the run anew`);
      }
      const file = await openSafetensors(weights);
      const tensors: SavedTensor[] = [];
      for (const [key, { shape }] of file.tensors) tensors.push({ key, shape, data: await file.readFloat32(key) });
      return { step, best: typeof best === 'number' ? best : null, stale, recipe, tensors };
    },
  };
}
