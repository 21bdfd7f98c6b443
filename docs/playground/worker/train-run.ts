// The training of a run: from the record's choices to an adapter that is kept. The same record goes on where its state is.
import { type Story, saveAdapter, stateStore } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { type CausalLM, generateText } from '@peftjs/models';
import { type StateStore, type TrainEvent, train } from '@peftjs/train';
import { note, type RunEvent, type RunRecord } from '../run-record.ts';
import { adapterFolder, keepRecord, stateFolder } from '../run-store.ts';
import { factsOf } from './adapters.ts';
import { makeMethod } from './make-method.ts';
import { readData } from './read-sequences.ts';
import { replaceAdapter, session } from './session.ts';
import { SAMPLING } from './write-text.ts';

/** Steps that a reload in mid-run loses at most. Their numbers come out the same when they are taken again. */
const SAVE_EVERY = 5;
/** Held-out losses in a run, besides the first. */
const EVALUATIONS = 10;

export async function* trainRun(record: RunRecord, signal: AbortSignal): AsyncGenerator<RunEvent> {
  for await (const event of eventsOf(record, signal)) {
    note(record, event);
    if (event.type === 'kept') await keepRecord(record);
    yield event;
  }
}

async function* eventsOf(record: RunRecord, signal: AbortSignal): AsyncGenerator<RunEvent> {
  const { id, text, choices } = record;
  const { method, size, learningRate, steps, seed } = choices;
  const { model, backend, parameters } = session();
  const data = await readData(model, text, choices);
  const adapter = await replaceAdapter(() => attach(model, makeMethod(method, size), { name: method, seed }));
  const { parameters: trainable, scalable } = factsOf(adapter);
  const { trainTokens, heldOutTokens } = data;
  const about = { backend: backend.backend, trainable, all: parameters + trainable, scalable };
  yield { type: 'prepared', facts: { ...about, trainTokens, heldOutTokens } };

  const run = train(model, data.training, {
    learningRate,
    steps,
    seed,
    evaluate: { batches: data.heldOut, every: Math.max(1, Math.floor(steps / EVALUATIONS)) },
    store: withRecord(stateStore(stateFolder(id)), record),
    saveEvery: SAVE_EVERY,
    signal,
  });
  let finished = false;
  try {
    for await (const event of run) {
      yield event;
      finished ||= event.type === 'end';
      if (isSampled(event, choices)) yield await sample(model, event.step, choices);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (record.step === 0) return;
  const story: Story = {
    recipe: { ...choices },
    seeds: { run: seed },
    backend: backend.backend,
    device: backend.device,
    metrics: { steps: record.step },
  };
  const { bytes } = await saveAdapter(adapter, adapterFolder(id), { story });
  yield { type: 'kept', bytes, finished };
}

/** The record is kept before the state: it then knows of every step that the state has taken, and forgets the others. */
function withRecord(store: StateStore, record: RunRecord): StateStore {
  return {
    load: () => store.load(),
    async save(state) {
      await keepRecord(record);
      await store.save(state);
    },
  };
}

function isSampled({ type, step }: TrainEvent, { sampleEvery, steps }: RunRecord['choices']): boolean {
  if (type === 'evaluation') return step === 0;
  return type === 'step' && (step % sampleEvery === 0 || step === steps);
}

async function sample(model: CausalLM, step: number, { prompt, seed }: RunRecord['choices']): Promise<RunEvent> {
  return { type: 'sample', step, text: await generateText(model, prompt, { ...SAMPLING, seed }) };
}
