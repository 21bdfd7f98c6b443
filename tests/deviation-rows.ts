// The rows of docs/reference/deviations.md, each with what PEFT is found to do there and the tests of what is done here.
import { expect } from 'vitest';

/** A test: its file, and a part of its source. */
export type Pointer = readonly [file: string, text: string];

export interface Deviation {
  /** What `python/deviations` finds, by the name of the fact; empty where one of the tests runs PEFT itself. */
  readonly theirs: Readonly<Record<string, unknown>>;
  readonly ours: readonly Pointer[];
}

const has = (text: string): unknown => expect.stringContaining(text);
const near = (value: number): unknown => expect.closeTo(value, 5);

const RESTORE = 'packages/core/src/restore.test.ts';
const MERGE = 'packages/core/src/merge.test.ts';
const TARGETS = 'packages/core/src/targets.test.ts';
const WHOLE = 'packages/core/src/modules-to-save.test.ts';
const METHOD = 'packages/testing/src/describe-method.ts';
const LORA = 'packages/lora/src/peft-interop.lora.test.ts';
const OPTIONS = 'packages/lora/src/options.test.ts';
const READ = 'packages/lora/src/read-lora.test.ts';
const DORA = 'packages/lora/src/dora.test.ts';
const ALORA = 'packages/lora/src/alora.test.ts';
const LYCORIS = 'packages/lora/src/lycoris.test.ts';
const TOKENS = 'packages/lora/src/trainable-tokens.test.ts';
const COMBINE = 'packages/lora/src/combine/peft.test.ts';
const MIX = 'packages/lora/src/combine/rules.test.ts';
const IA3 = 'packages/adapters/src/ia3.test.ts';
const CLASSIFIERS = 'packages/prefix-tuning/src/classifiers.test.ts';
const ROTATIONS = 'packages/orthogonal/src/rotations.test.ts';
const ROUTING = 'packages/testing/test/routing-suite.ts';

/** By the first cell of the row. */
export const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  'a key of the adapter that fits nothing, or one that is missing': {
    theirs: { stray_key: [has('UserWarning: Found missing adapter keys')] },
    ours: [
      [RESTORE, 'a tensor that nothing takes'],
      [RESTORE, 'a tensor that is missing'],
    ],
  },
  'an unknown or unsupported key in `adapter_config.json`': {
    theirs: { unknown_option: [has("Unexpected keyword arguments ['lora_alhpa']")] },
    ours: [['packages/testing/src/bad-input.test.ts', 'keys of another method']],
  },
  'another base': { theirs: { another_base: [] }, ours: [[RESTORE, 'another base, unless that is asked for']] },
  'a target that matches nothing': {
    theirs: { lost_target: [null, has("Target modules {'nope'} not found")] },
    ours: [
      [TARGETS, 'is an error with the nearest name'],
      [TARGETS, 'may be one name of several where a file says so'],
    ],
  },
  "a rank over the layer's smaller dimension": {
    theirs: { large_rank: [99, 24] },
    ours: [[OPTIONS, 'or over the layer, is refused']],
  },
  '`alpha` left out': {
    theirs: { default_alpha: [8, 8, 8] },
    ours: [
      [OPTIONS, 'alpha twice the rank'],
      [READ, 'alpha is 8 where a file leaves it out'],
    ],
  },
  '`target_modules` left out': {
    theirs: { default_targets: ['q_proj', 'v_proj'] },
    ours: [[OPTIONS, 'every linear layer but the output']],
  },
  '`target_modules: "all-linear"`': {
    theirs: { all_linear_heads: [true, true, true, false] },
    ours: [[RESTORE, 'where PEFT counts the head among all linear layers']],
  },
  '`fan_in_fan_out`': {
    theirs: { fan_in_fan_out: [has('Setting fan_in_fan_out to True')] },
    ours: [[LORA, "'DoRA on a GPT-2'"]],
  },
  'dropout of the base (`hidden_dropout_prob`, `resid_pdrop`)': {
    theirs: { dropout_of_the_base: true },
    ours: [['packages/models/src/architectures.test.ts', "the base's own dropout is off in training"]],
  },
  '`bias: "all"`': {
    theirs: { bias_all: true },
    ours: [[READ, 'trains the biases of targets and of all other layers']],
  },
  'DoRA with dropout': { theirs: { dora_dropout: true }, ours: [[DORA, 'while B is zero nothing is dropped']] },
  "DoRA's norms": { theirs: { dora_norm: true }, ours: [[DORA, 'the norms that it computes are those of W + s B A']] },
  'PiSSA and OLoRA adapters': {
    theirs: { start_taken_out: [true, true] },
    ours: [
      ['packages/lora/src/initializers.test.ts', 'test.each([pissa, olora])'],
      [READ, "init_lora_weights: 'pissa'"],
    ],
  },
  'a tied embedding that is adapted': {
    theirs: { tied_embedding: [0, expect.closeTo(21.8, 1)] },
    ours: [[MERGE, 'a tied output stays what it was when the table is merged']],
  },
  '`modules_to_save`': {
    theirs: { modules_to_save_names: [true, true] },
    ours: [[TARGETS, 'a loose name is any end of a path']],
  },
  '`modules_to_save` and targets that meet': {
    theirs: { whole_target: ['k_proj.weight', 'q_proj.lora_A.weight', 'q_proj.lora_B.weight'] },
    ours: [[WHOLE, 'the other method of the adapter leaves its modules alone']],
  },
  merging: {
    theirs: { merge_checks: ['adapter_names', 'progressbar', 'safe_merge', 'self'] },
    ours: [[MERGE, 'refuses the merge and puts everything back']],
  },
  'merging with other adapters on the same layer': {
    theirs: { merge_beneath: null },
    ours: [
      [MERGE, 'another adapter beneath, until it is merged itself'],
      [MERGE, 'a method above that reads the weight'],
    ],
  },
  unmerging: {
    theirs: { unmerge_rounding: near(6e-8) },
    ours: [[MERGE, 'unmerging puts the weights back bit for bit']],
  },
  'EVA, CorDA, `target_parameters`, `layer_replication`': {
    theirs: { supported_options: [true, true, true, true] },
    ours: [[READ, 'asks for "eva_config"']],
  },
  'QA-LoRA': {
    theirs: { qalora_elsewhere: [2, 24] },
    ours: [
      ['packages/lora/src/qalora.test.ts', 'changes the weights of a group by one number'],
      ['packages/testing/test/seams-suite.ts', 'QA-LoRA'],
    ],
  },
  LoftQ: {
    theirs: { loftq_start: [true, false] },
    ours: [['packages/lora/src/loftq.test.ts', 'is nearer the weight than the storage alone']],
  },
  'quantization-aware training': {
    theirs: { tensor_more: [] },
    ours: [['packages/quantization/src/qat/qat.test.ts', 'has learned steps beside']],
  },
  BitFit: { theirs: { own_types: [false, false, false, false] }, ours: [[LORA, 'bitfit()']] },
  '`modules_to_save` beside `bias: "all"`': {
    theirs: {
      bias_copies: [
        'mlp.down_proj.bias',
        'mlp.down_proj.modules_to_save.bias',
        'mlp.down_proj.original_module.bias',
        'mlp.down_proj.weight',
      ],
    },
    ours: [[READ, 'takes what PEFT writes twice of a module that is trained whole']],
  },
  "LoHa and LoKr on GPT-2's Conv1D": {
    theirs: { lycoris_conv1d: [has('not supported'), has('not supported')] },
    ours: [
      [ROUTING, "'gpt2'"],
      ['packages/lora/test/tested-methods.ts', 'loha: ()'],
      ['packages/lora/test/tested-methods.ts', 'lokr: ()'],
    ],
  },
  'LoHa and LoKr on convolutions with `use_effective_conv2d`': {
    theirs: { effective_conv2d: [true, true] },
    ours: [[LYCORIS, 'filters that are split over ranks']],
  },
  'LoHa and LoKr, `rank_dropout`': {
    theirs: { rank_dropout: [near(1), near(1), near(1), near(1)] },
    ours: [[LYCORIS, 'the rows that are left']],
  },
  'LoHa and LoKr, `alpha` left out': {
    theirs: { default_alpha: [8, 8, 8] },
    ours: [[LYCORIS, 'and 8 where a file leaves it out']],
  },
  // Nobody here draws 214 million places.
  'FourierFT, `n_frequency` on a large matrix': {
    theirs: {},
    ours: [['packages/lora/src/fourierft.test.ts', 'among more than 214748363 numbers']],
  },
  'aLoRA with `bias` or an `init` that changes the base': {
    theirs: { alora_bias: null, alora_start: null },
    ours: [
      [ALORA, 'init "pissa" changes the base'],
      [ALORA, 'beside use_dora or a bias'],
    ],
  },
  '`trainable_token_indices` of several tables': {
    theirs: { tokens_of_tables: null },
    ours: [[TOKENS, 'that differ']],
  },
  "two adapters that train one token's row": {
    theirs: { tokens_twice: has('Only disjunct token indices') },
    ours: [[METHOD, 'options.whole']],
  },
  'trained tokens of a tied embedding, merged': {
    theirs: { tokens_tied_merge: true },
    ours: [
      ['packages/testing/test/seams-suite.ts', 'tokens of a table that the head shares'],
      ['packages/models/src/save-model.test.ts', 'a merged embedding unties the output'],
    ],
  },
  'combining adapters, `linear`': { theirs: {}, ours: [[COMBINE, 'linear is not linear']] },
  'combining adapters, `ties`, `dare_linear`, `dare_ties`, `magnitude_prune`': {
    theirs: {},
    ours: [[COMBINE, 'which is no TIES of the changes']],
  },
  'combining rsLoRA adapters': { theirs: {}, ours: [[COMBINE, 'are sqrt(r) too large']] },
  'electing signs (`ties`, `dare_ties`)': {
    theirs: {},
    ours: [[COMBINE, 'signs are elected as if all weights were 1']],
  },
  'combining one adapter by `ties` or another rule': {
    theirs: { combine_one: 0 },
    ours: [[MIX, 'acts on the weighted changes of weight']],
  },
  'combining adapters of other ranks': {
    theirs: { combine_ranks: Array(5).fill(has('All adapters must have the same r value')) },
    ours: [[MIX, 'acts on the weighted changes of weight']],
  },
  'combining adapters that have `lora_bias`': { theirs: {}, ours: [[COMBINE, "B's bias is lost there"]] },
  'combining adapters that have `modules_to_save`': {
    theirs: { combine_modules: [has('target the same module with modules_to_save'), 0, true] },
    ours: [['packages/lora/src/combine/mix-whole.test.ts', 'is the weighted mean']],
  },
  'combining DoRA adapters': {
    theirs: { combine_dora: [near(0), expect.closeTo(0.4, 1)] },
    ours: [['packages/lora/src/combine/combine-model.test.ts', 'becomes a change of weight with the base at hand']],
  },
  'several adapters in one folder': {
    theirs: { folders: ['other'] },
    ours: [['packages/checkpoint/src/load-adapter.test.ts', 'loads a folder that Python wrote']],
  },
  '`adapter_model.bin`': {
    theirs: { pickle: ['README.md', 'adapter_config.json', 'adapter_model.bin'] },
    ours: [['packages/checkpoint/src/load-adapter.test.ts', 'adapter_model.bin is a pickle']],
  },
  '(IA)3, targets left out': {
    theirs: { ia3_targets: [['key', 'output.dense', 'value'], ['output.dense']] },
    ours: [[IA3, 'scales keys and values as they come out']],
  },
  '(IA)3, unmerging': { theirs: { ia3_unmerge: 0 }, ours: [[METHOD, 'says the same when it is merged, and unmerges']] },
  'bottleneck adapters, LoReFT, AdapterFusion': {
    theirs: { own_types: [false, false, false, false], own_type_loads: has("KeyError: 'BOTTLENECK'") },
    ours: [['packages/testing/test/adapters-suite.ts', 'readFusion()']],
  },
  'prompts and prefixes beside other adapters': {
    theirs: { prompt_beside: has('Cannot combine adapters with different peft types') },
    ours: [['packages/testing/src/stacks.test.ts', 'LoRA, prefix, (IA)3 and bottleneck, in any order']],
  },
  'a prefix with recomputed activations': {
    theirs: { prefix_recomputed: has('does not work with gradient checkpointing') },
    ours: [[METHOD, 'has the same gradients when activations are computed again']],
  },
  'a prompt on a Llama or GPT-2 that classifies': {
    theirs: { prompt_that_classifies: [true, [has('will not detect padding tokens')]] },
    ours: [[CLASSIFIERS, 'is read from its last token, padded or not']],
  },
  'a prompt on a model that labels tokens': {
    theirs: { prompt_that_labels: has('to match target batch_size') },
    ours: [[CLASSIFIERS, 'virtual tokens have no label where tokens are classified']],
  },
  "multitask prompts that start from another run's": {
    theirs: { multitask_source: expect.arrayContaining(['AVERAGE_SOURCE_TASKS', 'EXACT_SOURCE_TASK']) },
    ours: [['packages/prefix-tuning/src/initializers.test.ts', "of another run's making is read"]],
  },
  'mixed batches of adapters': {
    theirs: { mixed_dora: has('Cannot pass `adapter_names` when DoRA is enabled') },
    ours: [[ROUTING, 'each give what they give alone']],
  },
  'replacing an adapter': {
    theirs: { hot_swap: has('Hot swapping the adapter did not succeed') },
    ours: [['packages/testing/src/hot-swap.test.ts', 'other ranks, other targets, other methods']],
  },
  'LoRA+': {
    theirs: { lora_plus: [1e-6] },
    ours: [['packages/lora/src/lora-plus.test.ts', 'tables as often as they are told']],
  },
  'VeRA, `exclude`': {
    theirs: { vera_exclude: false },
    ours: [['packages/lora/src/vera.test.ts', 'PEFT knows no modules to leave out']],
  },
  AdaLoRA: {
    theirs: { adalora_files: [1, 3] },
    ours: [['packages/lora/src/adalora.test.ts', 'a run comes to its budget']],
  },
  BOFT: {
    theirs: { butterflies: [[1, 6, 4, 4], expect.arrayContaining([has('Setting boft_n_butterfly_factor to 1')])] },
    ours: [[ROTATIONS, 'has boft_n_butterfly_factor 2']],
  },
  OFT: {
    theirs: { coft: null },
    ours: [
      [ROTATIONS, 'asks for "coft"'],
      [ROTATIONS, 'has module_dropout 0.1'],
    ],
  },
  'random starting values': {
    theirs: { drawn: [near(0.49625659), near(0.76822186)] },
    ours: [['packages/lora/src/torch-random.test.ts', 'uniform numbers are those of torch']],
  },
  '`task_type`': {
    theirs: { wrapper_class: ['PeftModel', 'PeftModelForCausalLM'] },
    ours: [[ALORA, "task_type: 'CAUSAL_LM'"]],
  },
};
