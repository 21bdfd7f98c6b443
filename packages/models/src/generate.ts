// Text from a causal model, a token at a time, with a key-value cache.
import { nextTurn, random } from '@peftjs/backend';
import { type Context, pin, type Route } from '@peftjs/core';
import type { CausalLM, KeyValueCache } from './heads/causal-lm.ts';
import { INFERENCE } from './model.ts';
import { pickToken, type SamplingOptions } from './pick-token.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

export interface GenerateOptions extends SamplingOptions {
  /** At most this many new tokens; 64 when left out. */
  readonly maxNewTokens?: number;
  /** Seeds the choice; 0 when left out. */
  readonly seed?: number;
  /** Tokens that end the text; the tokenizer's end token when left out. */
  readonly stop?: readonly number[];
  readonly signal?: AbortSignal;
  /** The adapters to run; those that are active when it begins when left out. They stay to its end, even if they are replaced meanwhile. */
  readonly routes?: Route;
  /** The number of the text's task, for methods that tell tasks apart. */
  readonly task?: number;
}

/**
 * New tokens after a prompt, as they come. Ends at a stop token, at `maxNewTokens`, or where the context is full.
 *
 * @param prompt token ids, at least one
 * @example
 * for await (const id of generate(model, model.tokenizer.encode('Call me'), { temperature: 0.8, topP: 0.95, seed: 1 })) ids.push(id);
 */
export async function* generate(
  model: CausalLM,
  prompt: readonly number[],
  options: GenerateOptions = {},
): AsyncGenerator<number> {
  const { maxNewTokens = 64, seed = 0, signal, task } = options;
  const stop = options.stop ?? (model.tokenizer?.eosId == null ? [] : [model.tokenizer.eosId]);
  if (prompt.length === 0) throw new Error('[peftjs/models] the prompt has no tokens; give at least one');
  if (prompt.length > model.contextLength) {
    throw new Error(
      `[peftjs/models] the prompt has ${prompt.length} tokens, more than the model's context of ${model.contextLength}; shorten it`,
    );
  }
  const next = random(seed);
  const pinned = pin(model, options.routes);
  const ctx: Context = { ...INFERENCE, routes: pinned.routes };
  let cache: KeyValueCache | null = null;
  let ids: readonly number[] = prompt;
  const isFull = () => cache !== null && (cache.mask.shape[1] as number) + cache.ahead >= model.contextLength;
  try {
    for (let n = 0; n < maxNewTokens && !isFull(); n++) {
      await nextTurn();
      signal?.throwIfAborted();
      const before: KeyValueCache | null = cache;
      const batch = {
        inputIds: Int32Array.from(ids),
        attentionMask: new Int32Array(ids.length).fill(1),
        shape: [1, ids.length] as const,
        ...(task !== undefined && { tasks: Int32Array.of(task) }),
      };
      const after = model.step(batch, before, ctx);
      cache = after.cache;
      release(before);
      const logits = (await after.logits.data()) as Float32Array;
      after.logits.dispose();
      const id = pickToken(logits, options, next);
      if (stop.includes(id)) return;
      yield id;
      ids = [id];
    }
  } finally {
    release(cache);
    pinned.release();
  }
}

function release(cache: KeyValueCache | null): void {
  if (cache === null) return;
  for (const tensor of [cache.mask, ...cache.blocks.flatMap(({ k, v }) => [k, v])]) tensor.dispose();
}

/**
 * The text that follows a prompt.
 *
 * @throws where the model has no tokenizer
 */
export async function generateText(model: CausalLM, prompt: string, options: GenerateOptions = {}): Promise<string> {
  const tokenizer = tokenizerOf(model);
  const ids: number[] = [];
  for await (const id of generate(model, idsOf(prompt, tokenizer), options)) ids.push(id);
  return tokenizer.decode(ids);
}

/**
 * The text that follows a prompt, in pieces as they come. A character whose bytes are several tokens comes once it is
 * whole.
 *
 * @throws where the model has no tokenizer
 * @example
 * for await (const piece of streamText(model, 'Call me', { temperature: 0.8, seed: 1 })) process.stdout.write(piece);
 */
export async function* streamText(
  model: CausalLM,
  prompt: string,
  options: GenerateOptions = {},
): AsyncGenerator<string> {
  const tokenizer = tokenizerOf(model);
  const ids: number[] = [];
  let shown = 0;
  for await (const id of generate(model, idsOf(prompt, tokenizer), options)) {
    ids.push(id);
    const text = tokenizer.decode(ids);
    if (text.length <= shown || text.endsWith('\uFFFD')) continue;
    yield text.slice(shown);
    shown = text.length;
  }
  const rest = tokenizer.decode(ids).slice(shown);
  if (rest !== '') yield rest;
}

function tokenizerOf({ tokenizer }: CausalLM): TextTokenizer {
  if (tokenizer !== null) return tokenizer;
  throw new Error('[peftjs/models] this model came without tokenizer.json; use generate with token ids');
}

function idsOf(prompt: string, tokenizer: TextTokenizer): readonly number[] {
  return [...(tokenizer.bosId === null ? [] : [tokenizer.bosId]), ...tokenizer.encode(prompt)];
}
