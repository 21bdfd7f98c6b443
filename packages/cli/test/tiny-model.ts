// A model small enough for tests, with random weights and the tokenizer of the project's own base model.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { createTokenizer, llama, randomSource, saveModel } from '@peftjs/models';

const source = new URL('../../../models/sotu-3m/', import.meta.url);
const names = ['tokenizer.json', 'tokenizer_config.json'];

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 2048,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  max_position_embeddings: 32,
  tie_word_embeddings: true,
};

export interface Workplace {
  /** An empty folder, but for the model and the data. */
  readonly folder: string;
  readonly model: string;
  /** JSONL of a few texts. */
  readonly data: string;
  /** The same texts, of two tasks. */
  readonly tasks: string;
  path(name: string): string;
  remove(): void;
}

/**
 * A folder with a model and data in it.
 *
 * @param more keys of the model's configuration
 */
export async function makeWorkplace(seed = 1, more: Readonly<Record<string, unknown>> = {}): Promise<Workplace> {
  const folder = mkdtempSync(join(tmpdir(), 'peftjs-cli-'));
  const path = (name: string) => join(folder, name);
  process.env.PEFTJS_REGISTRY_CACHE = path('cache');
  const [tokenizer, config] = names.map((name) => JSON.parse(readFileSync(new URL(name, source), 'utf8')));
  await useBackend(cpu());
  const model = await llama.load({
    config: { ...CONFIG, ...more },
    source: randomSource(seed, 0.3),
    base: { name: 'tiny', fingerprint: async () => 'sha256:0' },
    tokenizer: createTokenizer(tokenizer, config),
  });
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, source)))]));
  await saveModel(model, path('model'), { files });
  model.dispose();
  const texts = Array.from({ length: 12 }, (_, i) => `The state of the union is number ${i}, and the nation grows.`);
  const write = (name: string, records: readonly object[]) =>
    writeFileSync(path(name), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  write(
    'data.jsonl',
    texts.map((text) => ({ text })),
  );
  write(
    'tasks.jsonl',
    texts.map((text, i) => ({ text, task: i % 2 })),
  );
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { folder, model: path('model'), data: path('data.jsonl'), tasks: path('tasks.jsonl'), path, remove };
}
