// The suites of hosts and methods on what the repository has of each.
import type { Backend } from '@peftjs/backend';
import { modulesToSave } from '@peftjs/core';
import {
  adalora,
  alora,
  biases,
  bitfit,
  dora,
  fourierft,
  gaussian,
  layerNormTuning,
  loha,
  lokr,
  lora,
  loraWithBias,
  noisy,
  olora,
  pissa,
  qalora,
  readAdalora,
  readFourierft,
  readLayerNormTuning,
  readLoha,
  readLokr,
  readLora,
  readTrainableTokens,
  readVera,
  trainableTokens,
  vera,
} from '@peftjs/lora';
import { describeHost, describeMethod, describeOn, type MethodSuiteOptions } from '@peftjs/testing/suites';
import { type TinyLlamaOptions, tinyLlama } from './tiny-llama.ts';

export function describeSeams(backend: Backend): void {
  describeOn(backend, 'hosts', () => {
    describeHost('llama', () => tinyLlama());
    describeHost('llama, tied and without biases', () => tinyLlama({ tied: true, biases: false }));
  });

  describeOn(backend, 'methods', () => {
    const on = (host: TinyLlamaOptions, rest: Partial<MethodSuiteOptions> = {}): MethodSuiteOptions => ({
      host: () => tinyLlama(host),
      family: readLora(pissa, olora),
      ...rest,
    });
    const targets = ['q_proj', 'v_proj', 'down_proj'];
    describeMethod('LoRA', () => lora({ r: 4 }), on({}));
    describeMethod('LoRA with dropout, gaussian', () => lora({ r: 4, targets, dropout: 0.3, init: gaussian }), on({}));
    describeMethod('rsLoRA', () => lora({ r: 4, targets, rslora: true, alpha: 3 }), on({ biases: false }));
    describeMethod('LoRA with a bias of its own', () => loraWithBias({ r: 2, targets }), on({}));
    describeMethod(
      "LoRA with the targets' biases",
      () => lora({ r: 2, targets, bias: 'lora_only' }),
      on({}, { start: 'rounding' }),
    );
    describeMethod(
      'LoRA with all biases',
      () => [lora({ r: 2, targets, bias: 'lora_only' }), biases()],
      on({}, { start: 'rounding' }),
    );
    describeMethod('biases alone', () => bitfit(), on({}, { start: 'rounding' }));
    describeMethod(
      'biases with the head whole',
      () => [bitfit(), modulesToSave(['lm_head'])],
      on({}, { start: 'rounding' }),
    );
    describeMethod('LoRA on the embedding', () => lora({ r: 3, targets: ['embed_tokens', 'v_proj'] }), on({}));
    describeMethod('LoRA from noise', () => lora({ r: 3, targets, init: noisy }), on({}, { start: 'something' }));
    describeMethod(
      'LoRA by patterns',
      () => lora({ r: 2, rankPattern: { down_proj: 5 }, alphaPattern: { q_proj: 1 } }),
      on({}),
    );
    describeMethod('DoRA', () => dora({ r: 4 }), on({}, { start: 'rounding', detached: true }));
    describeMethod(
      'DoRA on the tied embedding',
      () => dora({ r: 3, targets: ['embed_tokens', 'q_proj'] }),
      on({ tied: true, biases: false }, { detached: true }),
    );
    describeMethod('PiSSA', () => lora({ r: 4, targets, init: pissa }), on({}, { start: 'rounding', residual: true }));
    describeMethod('OLoRA', () => lora({ r: 4, targets, init: olora }), on({}, { start: 'rounding', residual: true }));
    describeMethod('LoRA with the head whole', () => [lora({ r: 2, targets }), modulesToSave(['lm_head'])], on({}));
    describeMethod('VeRA', () => vera({ r: 6, targets }), on({}, { family: readVera() }));
    describeMethod(
      'VeRA whose projections are drawn again',
      () => vera({ r: 6, saveProjection: false, projection: 3, targets }),
      on({}, { family: readVera() }),
    );
    describeMethod('LoHa', () => loha({ r: 2, targets }), on({}, { family: readLoha() }));
    describeMethod('LoKr', () => lokr({ r: 1, alpha: 2, targets }), on({}, { family: readLokr() }));
    describeMethod(
      'LoKr of two low ranks, by a factor',
      () => lokr({ r: 1, both: true, factor: 8, rankPattern: { v_proj: 6 }, targets }),
      on({}, { family: readLokr() }),
    );
    describeMethod(
      'tokens of a table',
      () => [trainableTokens({ tokens: [12, 3, 5] }), modulesToSave(['norm'])],
      on({}, { family: readTrainableTokens(), whole: true }),
    );
    describeMethod(
      'tokens of a table that the head shares',
      () => trainableTokens({ tokens: [12, 22] }),
      on({ tied: true, biases: false }, { family: readTrainableTokens(), start: 'rounding', whole: true }),
    );
    describeMethod(
      'LoRA with tokens',
      () => [lora({ r: 2, targets }), trainableTokens({ tokens: [4], withLora: true })],
      on({ tied: true }, { start: 'rounding' }),
    );
    describeMethod('QA-LoRA', () => qalora({ r: 2, group: 4, targets, dropout: 0.3 }), on({}));
    describeMethod('aLoRA', () => alora({ r: 2, invocation: [3], targets }), on({}, { unmergeable: true }));
    describeMethod(
      'AdaLoRA',
      () => adalora({ r: 3, target: 2, steps: 10, targets }),
      on({}, { family: readAdalora() }),
    );
    describeMethod(
      'FourierFT',
      () => fourierft({ n: 30, targets }),
      on({}, { family: readFourierft(), start: 'something' }),
    );
    describeMethod(
      'FourierFT from zero, by a pattern',
      () => fourierft({ n: 9, nPattern: { v_proj: 4 }, zero: true, scaling: 40, targets }),
      on({}, { family: readFourierft() }),
    );
    describeMethod('norms alone', () => layerNormTuning(), on({}, { family: readLayerNormTuning(), whole: true }));
    describeMethod('LoRA with norms whole', () => [lora({ r: 2, targets }), modulesToSave(['norm'])], on({}));
  });
}
