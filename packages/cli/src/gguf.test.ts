// The commands on a GGUF file.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAdapter } from '@peftjs/checkpoint';
import { afterAll, expect, test } from 'vitest';
import { peftjs } from '../test/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'peftjs-cli-gguf-'));
const model = join(folder, 'tiny.gguf');
cpSync(new URL('../../../golden/gguf/llama.gguf', import.meta.url), model);
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await peftjs(args);
  expect([code, args[0] === 'generate' ? '' : stderr]).toEqual([0, '']);
  return stdout;
}

test('inspect shows configuration and blocks, by the names of Hugging Face', async () => {
  const shown = await run('inspect', model);
  expect(shown).toMatch(/^model {4}.*tiny\.gguf$/m);
  expect(shown).toMatch(/^ {2}num_key_value_heads: 2$/m);
  expect(shown).toMatch(/^ {2}model\.layers\.\*\.mlp\.gate_proj\.weight +Q4_0 \[64, 32\] {2}x 2$/m);
});

test('train, generate with the adapter, merge into a folder of its own', { timeout: 60_000 }, async () => {
  const texts = Array.from({ length: 6 }, (_, i) => JSON.stringify({ text: `it's number ${i}` }));
  writeFileSync(join(folder, 'train.jsonl'), texts.join('\n'));
  const out = join(folder, 'adapter');
  const data = ['--data', join(folder, 'train.jsonl'), '--out', out, '--steps', '3', '--batch-size', '2'];
  const told = await run('train', '--model', model, ...data, '--backend', 'cpu');
  expect(told).toContain(`AutoModelForCausalLM.from_pretrained("${folder}", gguf_file="tiny.gguf")`);
  const { config } = await loadAdapter(out);
  expect(config.base_model_name_or_path).toBe(model);
  const prompt = ['--prompt', "it's", '--max-new-tokens', '4', '--backend', 'cpu'];
  const written = await run('generate', '--model', model, '--adapter', out, ...prompt);
  expect(written).not.toBe('');
  expect(await run('generate', '--model', model, '--adapter', out, '--weights', 'as-stored', ...prompt)).toBe(written);
  const merged = join(folder, 'merged');
  await run('merge', '--model', model, '--adapter', out, '--out', merged, '--backend', 'cpu');
  expect(await run('generate', '--model', merged, ...prompt)).toBe(written);
});

test('a file of 4 bits that is rounded to others says what rounds nothing', async () => {
  const data = join(folder, 'eval.jsonl');
  const lines = (weights: string) =>
    run('eval', '--model', model, '--data', data, '--weights', weights, '--backend', 'cpu');
  writeFileSync(data, JSON.stringify({ text: "it's number 1" }));
  expect(await lines('nf4')).toMatch(
    /^note {5}the file has \d+ of its matrices in Q4_0.*, which nf4 rounds again; --weights as-stored rounds nothing$/m,
  );
  for (const weights of ['as-stored', 'int8', 'f32']) expect(await lines(weights)).not.toContain('rounds again');
});
