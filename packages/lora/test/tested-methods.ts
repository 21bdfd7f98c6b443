// The methods of this package, for the suites that run over those of all packages.
import { type Host, modulesToSave } from '@peftjs/core';
import type { TestedMethods } from '../../testing/test/every-method.ts';
import {
  adalora,
  alora,
  biases,
  budget,
  dora,
  fourierft,
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
} from '../src/index.ts';

/** The end of the path of the model's last layer. */
const headOf = (host: Host): string => host.sites().find(({ role }) => role === 'head')?.path as string;

export const testedMethods: TestedMethods = {
  families: [
    readLora(pissa, olora),
    readAdalora(),
    readVera(),
    readLoha(),
    readLokr(),
    readFourierft(),
    readLayerNormTuning(),
    readTrainableTokens(),
  ],
  variants: {
    lora: () => [lora({ r: 2, targets: ['attn.q', 'mlp.down'] })],
    'lora on all': () => [lora({ r: 3, init: noisy, alpha: 1 })],
    rslora: () => [lora({ r: 3, rslora: true, targets: ['attn.v', 'mlp.up'], bias: 'lora_only' })],
    dora: () => [dora({ r: 2, targets: ['attn.q', 'attn.v'] })],
    'dora with a bias': () => [dora({ r: 1, targets: ['mlp.down', 'attn.v'], bias: 'lora_only' })],
    pissa: () => [lora({ r: 2, targets: ['attn.o'], init: pissa })],
    embedding: () => [lora({ r: 2, targets: ['embed', 'attn.o'] })],
    whole: (host) => [lora({ r: 2, targets: ['mlp.up'] }), modulesToSave([headOf(host)])],
    norms: () => [lora({ r: 2, targets: ['attn.k'] }), modulesToSave(['attn.norm', 'mlp.norm'])],
    biases: () => [lora({ r: 2, targets: ['attn.k'], bias: 'lora_only' }), biases()],
    'lora with an upper bias': () => [loraWithBias({ r: 2, targets: ['attn.q', 'mlp.up'] })],
    adalora: () => [adalora({ r: 3, target: 2, steps: 9, targets: ['attn.q', 'mlp.up'] })],
    vera: () => [vera({ r: 4, targets: ['attn.q', 'attn.o'] })],
    loha: () => [loha({ r: 2, targets: ['attn.v', 'mlp.down'] })],
    lokr: () => [lokr({ r: 2, targets: ['attn.k', 'mlp.up'] })],
    fourierft: () => [fourierft({ n: 5, targets: ['attn.q', 'mlp.down'] })],
    'layer norms': () => [layerNormTuning()],
    tokens: () => [trainableTokens({ tokens: [3, 5, 12] })],
    'lora with tokens': () => [lora({ r: 2, targets: ['attn.v'] }), trainableTokens({ tokens: [4], withLora: true })],
    qalora: () => [qalora({ r: 2, group: 2, targets: ['attn.q', 'mlp.up'] })],
    alora: () => [alora({ r: 2, invocation: [3], targets: ['attn.q', 'mlp.up'] })],
  },
  /** AdaLoRA's budget, counted as the case counts it. */
  after: ({ update_and_allocate: steps }, adapter) => (Array.isArray(steps) ? [budget(adapter, steps[0])] : []),
};
