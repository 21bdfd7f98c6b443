// A text that a model is only run on: to measure what enters its layers, or to compare it with another.
import { type Batch, type Batches, createBatches, findDataSet, readExamples, tokenizeExamples } from '@peftjs/data';
import type { CausalLM } from '@peftjs/models';
import { needTokenizer } from '../options/need-tokenizer.ts';

const LENGTH = 256;
const BATCH_SIZE = 4;

/** The most that a batch holds. */
export const BATCH_TOKENS: number = LENGTH * BATCH_SIZE;

export interface TextBatches {
  readonly batches: Batches<Batch>;
  readonly tokens: number;
}

/**
 * @param path whatever `--data` takes; of a folder its training file
 * @param most the first sequences up to so many tokens
 */
export async function textBatches(
  model: CausalLM,
  path: string,
  { most, shuffle }: { readonly most: number; readonly shuffle: boolean },
): Promise<TextBatches> {
  const tokenizer = needTokenizer(model);
  const { train } = await findDataSet(path);
  const length = Math.min(LENGTH, model.contextLength);
  const examples = readExamples(train as string, { ignoreOthers: true });
  const all = await tokenizeExamples(examples, tokenizer, { maxLength: length, chunk: length, truncate: true });
  let tokens = 0;
  const some = all.filter(({ ids }) => {
    const taken = tokens < most;
    if (taken) tokens += ids.length;
    return taken;
  });
  return { batches: createBatches(some, { batchSize: BATCH_SIZE, padId: tokenizer.padId, shuffle, seed: 1 }), tokens };
}
