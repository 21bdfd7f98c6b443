// One run of the trainer from its first event to its last, shown as it goes.
import { type Batch, type Batches, createBatches } from '@peftjs/data';
import type { CausalLM } from '@peftjs/models';
import { meanLoss, train } from '@peftjs/train';
import type { Run } from '../command.ts';
import { given } from '../given.ts';
import { needTokenizer } from '../options/need-tokenizer.ts';
import { type RunValues, trainOptions } from '../options/run-options.ts';
import type { Goal } from './goal.ts';
import { Interrupted } from './interrupted.ts';
import { openMetrics } from './metrics-file.ts';
import type { RunStore } from './run-store.ts';
import type { TrainingData } from './training-data.ts';
import { type TrainingLog, trainingLog } from './training-log.ts';

export interface Session {
  readonly model: CausalLM;
  readonly goal: Goal;
  readonly data: SessionData;
  readonly store: RunStore;
  readonly values: RunValues & {
    readonly 'log-every': number;
    readonly metrics: string | undefined;
  };
}

/** The data as batches. */
export interface SessionData {
  readonly train: Batches<Batch>;
  /** Null where nothing is held out. */
  readonly valid: Batches<Batch> | null;
}

export interface SessionResult {
  readonly log: TrainingLog;
  /** Steps of the whole run, those before an interruption among them. */
  readonly steps: number;
  /** Mean loss on what is held out; null where nothing is. */
  readonly before: number | null;
  readonly after: number | null;
}

/** @throws Interrupted, with the run saved, when the signal aborts */
export async function trainSession(session: Session, run: Run): Promise<SessionResult> {
  const { model, goal, data, store, values } = session;
  const { report, signal } = run;
  const { train: batches, valid } = data;
  const metrics = await openMetrics(values.metrics, store.stepsTaken);
  const log = trainingLog(report, values['log-every']);
  let before: number | null = null;
  let after: number | null = null;
  let steps = store.stepsTaken;
  const begin = (loss: number | null) => {
    before = loss;
    if (loss !== null) report.say(`before   held out: ${lossText(loss)}`);
    report.say(goal.summary);
    report.event({ type: 'trainable', summary: goal.summary });
  };
  // A run that goes on does not evaluate its start again, and a run without held-out text has nothing to evaluate.
  if (valid === null || steps > 0) begin(valid && (await meanLoss(model, valid, signal)));
  const options = {
    ...trainOptions(values),
    ...goal.training,
    trainable: goal.trainable,
    ...evaluation(valid, values),
    store,
    signal,
  };
  try {
    for await (const event of train(model, batches, options)) {
      report.event(event);
      steps = event.step;
      if (event.type === 'resumed') report.say(`goes on after step ${event.step}`);
      if (event.type === 'step') await log.step(event);
      if (event.type === 'evaluation') {
        after = event.loss;
        if (event.step === 0) begin(event.loss);
        else log.evaluation(event);
      }
      if (event.type === 'step' || event.type === 'evaluation') await metrics.add(event);
      if (event.type === 'end' && event.reason === 'no improvement') report.say('ends here: no improvement');
    }
  } catch (error) {
    throw signal.aborted ? interrupted(steps, store, run) : error;
  } finally {
    log.close();
  }
  return { log, steps, before, after: after ?? (valid && (await meanLoss(model, valid, signal))) };
}

export function sessionData(
  data: TrainingData,
  model: CausalLM,
  values: RunValues & { readonly 'batch-size': number },
): SessionData {
  const { seed, 'batch-size': batchSize } = values;
  const { padId } = needTokenizer(model);
  return {
    train: createBatches(data.train, { batchSize, padId, seed }),
    valid: data.valid && createBatches(data.valid, { batchSize, padId, shuffle: false }),
  };
}

export function lossText(loss: number): string {
  return `loss ${loss.toFixed(4)}, perplexity ${Math.exp(loss).toFixed(2)}`;
}

function evaluation(valid: Batches<Batch> | null, values: RunValues) {
  if (valid === null) return {};
  return { evaluate: { batches: valid, ...given({ every: values['eval-every'], patience: values.patience }) } };
}

function interrupted(steps: number, { path }: RunStore, { args }: Run): Interrupted {
  if (steps === 0) return new Interrupted('interrupted before the first step; nothing was written');
  const again = [...args.filter((arg) => arg !== '--restart' && arg !== '--resume'), '--resume'];
  const words = again.map((arg) => (/^[\w./:@%+=,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`));
  return new Interrupted(
    `interrupted after step ${steps}; the run is saved in ${path}. Go on with: peftjs ${words.join(' ')}`,
  );
}
