// The worker's jobs. Everything that computes runs here, so that the page never freezes.
import { type JobContext, serve } from '@peftjs/browser';
import type { BackendChoice } from '../choices.ts';
import type { RunRecord } from '../run-record.ts';
import { type AdapterSource, useAdapter } from './adapters.ts';
import { type ModelPlace, open } from './session.ts';
import { trainRun } from './train-run.ts';
import { type TextOptions, writeText } from './write-text.ts';

export const jobs = serve({
  async *open({ backend, place }: { backend: BackendChoice; place: ModelPlace }) {
    yield await open(backend, place);
  },
  train: ({ record }: { record: RunRecord }, { signal }: JobContext) => trainRun(record, signal),
  async *use(source: AdapterSource) {
    yield await useAdapter(source);
  },
  write: (options: TextOptions, { signal }: JobContext) => writeText(options, signal),
});
