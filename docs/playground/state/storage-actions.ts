// What this browser keeps of the page's runs, and how much room it has.
import { storageQuota } from '@peftjs/browser';
import { deleteRuns, keptBytes, readRecords } from '../run-store.ts';
import type { Shared } from './playground.ts';

export interface Kept {
  readonly bytes: number;
  /** What the browser allows this site; null where it does not say. */
  readonly quota: number | null;
}

export interface StorageActions {
  /** Shows what was kept of earlier visits. */
  restore(): Promise<void>;
  measure(): Promise<void>;
  deleteRun(id: string): Promise<void>;
  deleteAll(): Promise<void>;
}

export function storageActions({ state, fail }: Shared): StorageActions {
  async function measure(): Promise<void> {
    const quota = await storageQuota().then(
      ({ total }) => total,
      () => null,
    );
    state.kept = { bytes: await keptBytes(), quota };
  }
  async function attempt(what: () => Promise<void>): Promise<void> {
    try {
      await what();
      await measure();
    } catch (error) {
      fail(error);
    }
  }
  function forget(isGone: (id: string) => boolean): void {
    state.runs = state.runs.filter(({ id }) => !isGone(id));
    if (state.current !== null && isGone(state.current)) state.current = state.runs.at(-1)?.id ?? null;
    const { adapter } = state;
    if (adapter?.source.from === 'run' && isGone(adapter.source.id)) state.adapter = null;
  }

  return {
    measure,
    restore: () =>
      attempt(async () => {
        state.runs = await readRecords();
        const last = state.runs.findLast((run) => run.state === 'unfinished') ?? state.runs.at(-1);
        if (last === undefined) return;
        state.current = last.id;
        if (last.adapterBytes !== null && last.facts !== null) {
          state.adapter = { source: { from: 'run', id: last.id }, scalable: last.facts.scalable };
        }
        if (last.state === 'done') return;
        state.choices = { ...last.choices };
        state.text = { ...last.text };
      }),
    deleteRun: (id) =>
      attempt(async () => {
        await deleteRuns(id);
        forget((gone) => gone === id);
      }),
    deleteAll: () =>
      attempt(async () => {
        await deleteRuns();
        forget(() => true);
      }),
  };
}
