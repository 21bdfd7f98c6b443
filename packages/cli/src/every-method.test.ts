// Every method of the command line, from training to merging, each command reading the adapter from its folder.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peftjs, withOptions } from '../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../test/tiny-model.ts';
import { methodOption } from './methods.ts';

let place: Workplace;
let biased: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
  biased = await makeWorkplace(1, { attention_bias: true });
});
afterAll(() => {
  place.remove();
  biased.remove();
});

const norms = [0, 1].flatMap((layer) =>
  ['input_layernorm', 'post_attention_layernorm'].map((name) => `model.layers.${layer}.${name}`),
);

interface Row {
  readonly options: readonly string[];
  /** What is in the folder. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What generating asks for besides. */
  readonly asked?: readonly string[];
  /** Why it cannot be merged, where it cannot. */
  readonly apart?: RegExp;
}

const apart = / cannot be merged; keep the adapter apart/;

const rows: Readonly<Record<string, Row>> = {
  lora: {
    options: ['--lora-plus-ratio', '4', '--train-tokens', '5,11'],
    config: { trainable_token_indices: { 'model.embed_tokens': [5, 11] } },
  },
  adalora: {
    options: ['--rank', '3', '--target-rank', '1', '--alpha', '6'],
    config: { peft_type: 'ADALORA', init_r: 3, target_r: 1, total_step: 2 },
  },
  alora: {
    options: ['--rank', '2', '--invocation', ' is number'],
    config: { peft_type: 'LORA', r: 2, task_type: 'CAUSAL_LM' },
    apart,
  },
  bitfit: {
    options: ['--modules-to-save', 'model.norm'],
    config: { peft_type: 'LORA', bias: 'all', modules_to_save: ['model.norm'] },
  },
  vera: {
    options: ['--rank', '4', '--no-save-projection'],
    config: { peft_type: 'VERA', r: 4, save_projection: false },
  },
  loha: {
    options: ['--rank', '2', '--module-dropout', '0.5'],
    config: { peft_type: 'LOHA', r: 2, alpha: 2, module_dropout: 0.5 },
  },
  lokr: {
    options: ['--rank', '2', '--factor', '4', '--decompose-both'],
    config: { peft_type: 'LOKR', decompose_factor: 4, decompose_both: true },
  },
  fourierft: {
    options: ['--frequencies', '9', '--scaling', '20'],
    config: { peft_type: 'FOURIERFT', n_frequency: 9, scaling: 20 },
  },
  qalora: {
    options: ['--rank', '2', '--qalora-group', '8'],
    config: { peft_type: 'LORA', use_qalora: true, qalora_group_size: 8 },
  },
  'trainable-tokens': {
    options: ['--train-tokens', '3'],
    config: { peft_type: 'TRAINABLE_TOKENS', token_indices: [3] },
  },
  'layer-norm-tuning': {
    options: ['--exclude', 'model.norm'],
    config: { peft_type: 'LN_TUNING', target_modules: norms },
  },
  oft: {
    options: ['--block-size', '8', '--exact-cayley'],
    config: { peft_type: 'OFT', oft_block_size: 8, use_cayley_neumann: false },
  },
  boft: { options: ['--blocks', '4', '--targets', 'attn.q'], config: { peft_type: 'BOFT', boft_block_num: 4 } },
  hra: { options: ['--rank', '3', '--orthogonal'], config: { peft_type: 'HRA', r: 3, apply_GS: true } },
  ia3: {
    options: ['--layers', '1'],
    config: { peft_type: 'IA3', feedforward_modules: ['model.layers.1.mlp.down_proj'] },
  },
  bottleneck: {
    options: ['--style', 'houlsby', '--rank', '3', '--activation', 'gelu_new', '--scaling', '0.5'],
    config: { peft_type: 'BOTTLENECK', style: 'houlsby', r: 3, activation: 'gelu_new', scaling: 0.5 },
    apart,
  },
  loreft: {
    options: ['--last', '2', '--layers', '0'],
    config: { peft_type: 'LOREFT', r: 4, first: 1, last: 2, target_modules: ['model.layers.0'] },
    apart,
  },
  prefix: {
    options: ['--virtual-tokens', '3', '--prefix-projection', '6'],
    config: { peft_type: 'PREFIX_TUNING', num_virtual_tokens: 3, prefix_projection: true },
    apart,
  },
  prompt: {
    options: ['--virtual-tokens', '3', '--prompt-init', 'text', '--prompt-text', 'The union:'],
    config: { peft_type: 'PROMPT_TUNING', num_virtual_tokens: 3, prompt_tuning_init: 'TEXT' },
    apart,
  },
  'multitask-prompt': {
    options: ['--tasks', '2', '--task-rank', '2', '--virtual-tokens', '3'],
    config: { peft_type: 'MULTITASK_PROMPT_TUNING', num_tasks: 2, num_ranks: 2, num_virtual_tokens: 3 },
    asked: ['--task', '1'],
    apart,
  },
  'p-tuning': {
    options: ['--virtual-tokens', '3', '--encoder', 'lstm', '--encoder-hidden', '4'],
    config: { peft_type: 'P_TUNING', num_virtual_tokens: 3, encoder_hidden_size: 4 },
    apart,
  },
};

test('no method is left out', () => {
  expect(Object.keys(rows).toSorted()).toEqual([...(methodOption.choices as readonly string[])].toSorted());
});

test.each(Object.entries(rows))('%s is trained, inspected, evaluated, run and merged', async (method, row) => {
  const workplace = method === 'bitfit' ? biased : place;
  const { model } = workplace;
  const data = method === 'multitask-prompt' ? place.tasks : workplace.data;
  const out = workplace.path(method);
  const ran = async (...args: string[]) => {
    const { code, stderr, objects } = await peftjs([...args, '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return objects.at(-1) as Readonly<Record<string, unknown>>;
  };
  const on = (command: string) => [command, '--model', model, '--backend', 'cpu'];
  const judged = async (...more: string[]) => {
    const { base, adapted } = await ran(...withOptions([...on('eval'), '--data', data, '--sequences', '1'], more));
    return [base, adapted].map((found) => (found as { readonly loss: number } | null)?.loss);
  };

  const training = ['--data', data, '--method', method, '--out', out, '--steps', '2', '--batch-size', '2'];
  const judging = ['--eval-sequences', '1', '--learning-rate', '0.01'];
  const trained = await ran(...on('train'), ...training, ...judging, ...row.options);
  expect(JSON.parse(readFileSync(`${out}/adapter_config.json`, 'utf8'))).toMatchObject(row.config);
  // Lines of Python only where PEFT has the method.
  expect((trained.python as readonly string[]).length > 0).toBe(!['bottleneck', 'loreft', 'qalora'].includes(method));
  expect(Number.isFinite(trained.after)).toBe(true);

  expect(await ran('inspect', out)).toMatchObject({ kind: 'adapter', verified: true, config: row.config });

  const [alone, adapted] = await judged('--adapter', out);
  expect(adapted).not.toBe(alone);
  expect(Number.isFinite(adapted)).toBe(true);

  const asked = ['--prompt', 'The state', '--max-new-tokens', '2', '--adapter', out, ...(row.asked ?? [])];
  expect(await ran(...on('generate'), ...asked)).toMatchObject({ adapters: [{ path: out }], text: expect.any(String) });

  const merged = workplace.path(`${method}-merged`);
  const folding = [...on('merge'), '--adapter', out, '--out', merged];
  if (row.apart === undefined) {
    await ran(...folding);
    const [whole] = await judged('--model', merged);
    expect(Math.abs((whole as number) - (adapted as number))).toBeLessThan(1e-4);
  } else {
    const { code, stderr } = await peftjs(folding);
    expect(stderr).toMatch(row.apart);
    expect(code).toBe(1);
    expect(existsSync(merged)).toBe(false);
  }
});
