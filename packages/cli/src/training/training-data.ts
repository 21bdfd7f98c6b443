// The data of a training run: what to learn from, and what is held out to judge by.
import { digest, findDataSet, type TokenSequence } from '@peftjs/data';
import type { CausalLM } from '@peftjs/models';
import type { Run } from '../command.ts';
import { counted } from '../figures.ts';
import { countTokens, type DataValues, readText } from '../options/data-options.ts';
import type { DataNeeds } from './data-needs.ts';

export interface TrainingData {
  readonly train: readonly TokenSequence[];
  /** Null where nothing is held out. */
  readonly valid: readonly TokenSequence[] | null;
  /** Of the texts that are trained on. */
  readonly digest: string;
}

interface HoldOut {
  /** Share of the sequences, where the data has no file of its own to validate with. */
  readonly holdout: number;
  /** At most this many sequences. */
  readonly 'eval-sequences': number | undefined;
}

export async function readTrainingData(
  values: DataValues & HoldOut,
  model: CausalLM,
  needs: DataNeeds,
  run: Run,
): Promise<TrainingData> {
  const { report } = run;
  const found = await findDataSet(values.data);
  const text = await readText(found.train as string, values, model, needs);
  const own = found.valid === null ? null : await readText(found.valid, values, model, needs);
  const { train, held } =
    own === null ? split(text.sequences, values.holdout) : { train: text.sequences, held: own.sequences };
  const valid = held.slice(0, values['eval-sequences'] ?? held.length);
  const heldOut = {
    from: own?.file ?? null,
    sequences: valid.length,
    tokens: countTokens(valid),
  };
  const trained = { file: text.file, texts: text.examples.length, sequences: train.length, tokens: countTokens(train) };
  report.say(
    `data     ${trained.file}: ${counted(trained.texts, 'text')}, ${counted(trained.sequences, 'sequence')}, ${counted(trained.tokens, 'token')}`,
  );
  report.say(
    valid.length === 0
      ? '         nothing is held out'
      : `held out ${own?.file ?? `a share of ${values.holdout}`}: ${counted(valid.length, 'sequence')}, ${counted(heldOut.tokens, 'token')}`,
  );
  const hash = await digest(text.examples);
  report.event({ type: 'data', ...trained, digest: hash, heldOut });
  return { train, valid: valid.length === 0 ? null : valid, digest: hash };
}

/** Every n-th sequence is held out, evenly over the file. */
function split(sequences: readonly TokenSequence[], share: number) {
  const every = share === 0 ? Infinity : Math.max(2, Math.min(Math.round(1 / share), sequences.length));
  const isHeld = (_: TokenSequence, i: number) => i % every === every - 1;
  return {
    train: sequences.filter((sequence, i) => !isHeld(sequence, i)),
    held: sequences.filter(isHeld),
  };
}
