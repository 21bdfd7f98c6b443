import { attach } from '@peftjs/core';
import { describe, expect, it } from 'vitest';
import { VOCAB, withModel } from '../test/tiny-model.ts';
import { fromText, fromVocabulary, type PromptInit, random } from './initializers.ts';
import { multitaskPromptTuning } from './multitask-prompt-tuning.ts';
import { promptTuning } from './prompt-tuning.ts';
import { readMultitaskPromptTuning } from './read-prompts.ts';

const bench = withModel();
/** A token a letter. */
const tokenizer = { encode: (text: string) => [...text].map((letter) => letter.charCodeAt(0) - 97) };

function prompt(init: PromptInit, tokens: number, seed = 0): number[][] {
  const adapter = attach(bench.model, promptTuning({ tokens, init }), { seed });
  const found = adapter.parameters[0]?.variable.arraySync() as number[][];
  adapter.detach();
  return found;
}

function table(): number[][] {
  const site = bench.model.sites().find(({ kind }) => kind === 'embedding');
  if (site?.kind !== 'embedding') throw new Error('no embedding');
  const dense = site.weight.read();
  const rows = dense.arraySync() as number[][];
  dense.dispose();
  return rows;
}

describe('a text', () => {
  it('is cut or repeated to the length of the prompt', () => {
    const e = table();
    expect(prompt(fromText('cab', tokenizer), 2)).toEqual([e[2], e[0]]);
    expect(prompt(fromText('cab', tokenizer), 7)).toEqual([e[2], e[0], e[1], e[2], e[0], e[1], e[2]]);
  });

  it('starts the common prompt of several tasks, too', () => {
    const adapter = attach(
      bench.model,
      multitaskPromptTuning({ tokens: 2, tasks: 2, init: fromText('cab', tokenizer) }),
    );
    const e = table();
    expect(adapter.parameters[0]?.variable.arraySync()).toEqual([e[2], e[0]]);
    adapter.detach();
  });

  it('is named in the files only with a tokenizer that Python finds', async () => {
    const config = async (init: PromptInit) => {
      const adapter = attach(bench.model, promptTuning({ tokens: 2, init }));
      const saved = (await adapter.snapshot()).config;
      adapter.detach();
      return saved;
    };
    expect(await config(fromText('cab', tokenizer))).toMatchObject({
      prompt_tuning_init: 'RANDOM',
      prompt_tuning_init_text: null,
    });
    expect(await config(fromText('cab', tokenizer, 'gpt2'))).toMatchObject({
      prompt_tuning_init: 'TEXT',
      prompt_tuning_init_text: 'cab',
      tokenizer_name_or_path: 'gpt2',
    });
  });

  it('without a token, or with one that is not in the vocabulary, is refused', () => {
    expect(() => fromText('', tokenizer)).toThrow(
      '[peftjs/prefix-tuning] the text "" has no tokens; give at least a word',
    );
    expect(() => prompt(fromText('az', tokenizer), 2)).toThrow(
      `the prompt is to start with token 25 of a vocabulary of ${VOCAB}; use the model's own tokenizer`,
    );
    expect(prompt(fromText('az', tokenizer), 1)).toEqual([table()[0]]);
  });
});

describe('the vocabulary', () => {
  it("gives rows of the table, by the adapter's seed or one of its own", () => {
    const rows = table().map(String);
    const drawn = (seed: number, own?: number) =>
      prompt(fromVocabulary(own === undefined ? {} : { seed: own }), 12, seed).map((row) => rows.indexOf(String(row)));
    expect(drawn(1).every((id) => id >= 0)).toBe(true);
    expect(new Set(drawn(1)).size).toBeGreaterThan(4);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(drawn(1, 7)).toEqual(drawn(2, 7));
    expect(drawn(1, 7)).not.toEqual(drawn(1, 8));
  });
});

it("of another run's making is read from its file, and stays said there", () => {
  const saved = {
    peft_type: 'MULTITASK_PROMPT_TUNING',
    num_virtual_tokens: 4,
    num_tasks: 2,
    num_ranks: 1,
    prompt_tuning_init: 'AVERAGE_SOURCE_TASKS',
    prompt_tuning_init_state_dict_path: 'tasks.safetensors',
  };
  const [method] = readMultitaskPromptTuning().read(saved);
  if (!method) throw new Error('no method');
  const adapter = attach(bench.model, method);
  expect(adapter.parameters[0]?.variable.shape).toEqual([4, 8]);
  adapter.detach();
  const sites = bench.model.sites();
  const place = { sites: sites.filter(({ kind }) => kind === 'sequence'), model: sites, modules: null, task: null };
  expect(method.config(place)).toMatchObject({ prompt_tuning_init: 'AVERAGE_SOURCE_TASKS' });
});

it('random numbers have a deviation of 1', () => {
  const all = prompt(random, 20, 5).flat();
  const deviation = Math.sqrt(all.reduce((sum, v) => sum + v * v, 0) / all.length);
  expect(deviation).toBeGreaterThan(0.8);
  expect(deviation).toBeLessThan(1.2);
});
