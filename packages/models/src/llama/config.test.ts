import { describe, expect, test } from 'vitest';
import { CONFIG, guardTensors, tinyLlama } from '../../test/tiny-llama.ts';
import { readLlamaConfig } from './config.ts';

guardTensors();

/** As HuggingFaceTB/SmolLM2-135M's `config.json` has it. */
const SMOLLM2 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 0,
  eos_token_id: 0,
  hidden_act: 'silu',
  hidden_size: 576,
  initializer_range: 0.041666666666666664,
  intermediate_size: 1536,
  is_llama_config: true,
  max_position_embeddings: 8192,
  model_type: 'llama',
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_interleaved: false,
  rope_scaling: null,
  rope_theta: 100000,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.40.1',
  use_cache: true,
  vocab_size: 49152,
};

describe("SmolLM2-135M's configuration", () => {
  test('is read', () => {
    const { frequencies, ...config } = readLlamaConfig(SMOLLM2);
    expect(config).toEqual({
      vocab: 49152,
      dim: 576,
      hidden: 1536,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      eps: 1e-5,
      contextLength: 8192,
      tied: true,
      attentionBias: false,
      mlpBias: false,
    });
    expect(frequencies).toHaveLength(32);
    expect(frequencies[31]).toBeCloseTo(100000 ** (-62 / 64), 12);
  });

  test('makes a model, shrunk but of the same proportions', async () => {
    const small = {
      hidden_size: 36,
      intermediate_size: 96,
      num_hidden_layers: 2,
      vocab_size: 64,
      max_position_embeddings: 32,
    };
    const model = await tinyLlama({ ...SMOLLM2, ...small, head_dim: undefined });
    expect(model.sites().filter((s) => s.kind === 'linear')).toHaveLength(2 * 7 + 1);
    const k = model.sites().find((s) => s.path === 'model.layers.1.self_attn.k_proj');
    expect(k).toMatchObject({ inDim: 36, outDim: 12 });
    const head = model.sites().find((s) => s.path === 'lm_head');
    const table = model.sites().find((s) => s.path === 'model.embed_tokens');
    expect(head && 'weight' in head && head.weight).toBe(table && 'weight' in table && table.weight);
    model.dispose();
  });
});

/** transformers 5.18.0, `ROPE_INIT_FUNCTIONS[type](LlamaConfig(…), 'cpu')`, float32. */
const THEIRS: [string, number, Readonly<Record<string, unknown>>, readonly number[]][] = [
  [
    'llama3, a short context',
    16,
    {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
      rope_theta: 10000,
    },
    [
      1, 0.24438458681106567, 0.013042256236076355, 0.0039528473280370235, 0.0012499999720603228,
      0.00039528473280370235, 0.0001250000059371814, 3.9528473280370235e-5,
    ],
  ],
  [
    'Llama 3.2',
    64,
    {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
      rope_theta: 500000,
    },
    [
      1, 0.663601279258728, 0.44036662578582764, 0.2922278344631195, 0.193922758102417, 0.12868738174438477,
      0.08539710193872452, 0.05666961893439293, 0.03760603070259094, 0.02495540864765644, 0.016560440883040428,
      0.010989529080688953, 0.00729266507551074, 0.00483942124992609, 0.0032114461064338684, 0.0012905480107292533,
      0.000429556705057621, 9.708286233944818e-5, 1.9461638657958247e-5, 1.291476746700937e-5, 8.570255886297673e-6,
      5.687232260243036e-6, 3.7740544485131977e-6, 2.504467147446121e-6, 1.6619674170215148e-6, 1.1028836297555245e-6,
      7.318749339901842e-7, 4.856731266045244e-7, 3.2229328894572973e-7, 2.1387423032592778e-7, 1.4192720243499934e-7,
      9.418306490260875e-8,
    ],
  ],
  [
    'linear',
    8,
    { rope_type: 'linear', factor: 4, rope_theta: 10000 },
    [0.25, 0.02500000037252903, 0.0024999999441206455, 0.0002500000118743628],
  ],
];

describe.each(THEIRS)('rotary frequencies, %s', (_, headDim, rope, expected) => {
  test.each(['rope_parameters', 'rope_scaling'])('are those of transformers, from %s', (key) => {
    const { rope_theta, ...scaling } = rope;
    const given = key === 'rope_parameters' ? { rope_parameters: rope } : { rope_theta, rope_scaling: scaling };
    const { frequencies } = readLlamaConfig({ ...CONFIG, head_dim: headDim, ...given });
    expect(frequencies).toHaveLength(expected.length);
    for (const [j, f] of frequencies.entries()) expect(Math.abs(f / (expected[j] as number) - 1)).toBeLessThan(2e-6);
  });
});

const refused: [Readonly<Record<string, unknown>>, string][] = [
  [{ rope_scaling: { rope_type: 'llama4', factor: 8 } }, 'rope_type "llama4" is not supported; nearest: "llama3"'],
  [{ rope_scaling: { type: 'yarn', factor: 4 } }, 'rope_type "yarn" is not supported'],
  [{ rope_scaling: { rope_type: 'linear' } }, '"factor" is undefined; a number is needed'],
  [{ partial_rotary_factor: 0.5 }, '"partial_rotary_factor" 0.5 is not supported'],
  [{ hidden_act: 'gelu' }, '"hidden_act" is "gelu"; a Llama has "silu"'],
  [{ vocab_size: '17' }, '"vocab_size" is "17"; a number is needed'],
  [{ num_hidden_layers: 1.5 }, '"num_hidden_layers" is 1.5; a whole number above 0 is needed'],
  [{ intermediate_size: 0 }, '"intermediate_size" is 0; a whole number above 0'],
  [{ num_key_value_heads: 3 }, '"num_attention_heads" is 4, no multiple of "num_key_value_heads", 3'],
  [{ head_dim: 3 }, '"head_dim" is 3; rotary positions need an even number'],
  [{ head_dim: undefined, hidden_size: 10 }, '"head_dim" is 2.5; a whole number above 0'],
];

test.each(refused)('%o is refused', (more, message) => {
  expect(() => readLlamaConfig({ ...CONFIG, ...more })).toThrow(`[peftjs/models] config.json: `);
  expect(() => readLlamaConfig({ ...CONFIG, ...more })).toThrow(message);
});

test('a key that is missing is named with the nearest that is there', () => {
  const { hidden_size, ...rest } = CONFIG;
  expect(() => readLlamaConfig({ ...rest, hidden_sze: hidden_size })).toThrow(
    '[peftjs/models] config.json: "hidden_size" is undefined; a number is needed; nearest: "hidden_sze"',
  );
});
