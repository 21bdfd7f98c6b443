// The state of a training run, in a folder beside what the run makes: `out/notes` has `out/notes.run`.
import { rm } from 'node:fs/promises';
import { stateStore } from '@peftjs/checkpoint';
import type { StateStore } from '@peftjs/train';
import { UsageError } from '../usage-error.ts';
import type { Recipe } from './recipe.ts';

export interface RunStore extends StateStore {
  readonly path: string;
  /** Steps that an interrupted run has taken; 0 for a new one. */
  readonly stepsTaken: number;
  /** Deletes the state, of which a run that has ended has no more need. */
  remove(): Promise<void>;
}

/**
 * Opens the state of a run that is new, or goes on.
 *
 * @param recipe what decides the numbers of the run; one that was saved with another is not gone on with
 * @throws UsageError where there is an interrupted run and nothing says what is to become of it, or none to go on with
 */
export async function openRun(
  out: string,
  recipe: Recipe,
  { resume, restart }: { readonly resume: boolean; readonly restart: boolean },
): Promise<RunStore> {
  const path = `${out.replace(/[\\/]+$/, '')}.run`;
  const remove = () => rm(path, { recursive: true, force: true });
  if (resume && restart) throw new UsageError('--resume and --restart contradict each other; leave one out');
  if (restart) await remove();
  const inner = stateStore(path);
  const found = restart ? null : await inner.load();
  if (found !== null && !resume) {
    throw new UsageError(`${path} holds a run that was interrupted at step ${found.step}; add --resume or --restart`);
  }
  if (found === null && resume) throw new UsageError(`${path} holds no interrupted run; leave out --resume`);
  const saved = found && (JSON.parse(found.recipe) as { readonly train: string; readonly command: Recipe });
  if (saved !== null) checkRecipe(path, saved.command, recipe);
  return {
    path,
    stepsTaken: found?.step ?? 0,
    save: (state) => inner.save({ ...state, recipe: JSON.stringify({ train: state.recipe, command: recipe }) }),
    load: async () => found && saved && { ...found, recipe: saved.train },
    remove,
  };
}

function checkRecipe(path: string, saved: Recipe, asked: Recipe): void {
  for (const name of new Set([...Object.keys(saved), ...Object.keys(asked)])) {
    const [before, now] = [JSON.stringify(saved[name]), JSON.stringify(asked[name])];
    if (before === now) continue;
    throw new UsageError(
      `the run in ${path} has ${name} ${before ?? 'unset'}, this one ${now ?? 'unset'}; use the same to go on with it, or --restart`,
    );
  }
}
