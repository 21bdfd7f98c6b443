// Adapters of every method, small enough to be stacked, on a model of any architecture.
import {
  bottleneck,
  gelu,
  houlsby,
  ia3,
  loreft,
  parallel,
  pfeiffer,
  readBottleneck,
  readIa3,
  readLoreft,
} from '@peftjs/adapters';
import { type Family, type Host, type Method, modulesToSave } from '@peftjs/core';
import {
  adalora,
  biases,
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
  readAdalora,
  readFourierft,
  readLayerNormTuning,
  readLoha,
  readLokr,
  readLora,
  readVera,
  vera,
} from '@peftjs/lora';
import { boft, hra, oft, readBoft, readHra, readOft } from '@peftjs/orthogonal';
import {
  lstm,
  multitaskPromptTuning,
  prefixTuning,
  promptTuning,
  pTuning,
  readMultitaskPromptTuning,
  readPrefixTuning,
  readPromptTuning,
  readPTuning,
} from '@peftjs/prefix-tuning';

/** The end of the path of the model's last layer. */
const headOf = (host: Host): string => host.sites().find(({ role }) => role === 'head')?.path as string;

export const VARIANTS = {
  lora: () => [lora({ r: 2, targets: ['attn.q', 'mlp.down'] })],
  'lora on all': () => [lora({ r: 3, init: noisy, alpha: 1 })],
  rslora: () => [lora({ r: 3, rslora: true, targets: ['attn.v', 'mlp.up'], bias: 'lora_only' })],
  dora: () => [dora({ r: 2, targets: ['attn.q', 'attn.v'] })],
  'dora with a bias': () => [dora({ r: 1, targets: ['mlp.down', 'attn.v'], bias: 'lora_only' })],
  pissa: () => [lora({ r: 2, targets: ['attn.o'], init: pissa })],
  embedding: () => [lora({ r: 2, targets: ['embed', 'attn.o'] })],
  whole: (host: Host) => [lora({ r: 2, targets: ['mlp.up'] }), modulesToSave([headOf(host)])],
  norms: () => [lora({ r: 2, targets: ['attn.k'] }), modulesToSave(['attn.norm', 'mlp.norm'])],
  biases: () => [lora({ r: 2, targets: ['attn.k'], bias: 'lora_only' }), biases()],
  'lora with an upper bias': () => [loraWithBias({ r: 2, targets: ['attn.q', 'mlp.up'] })],
  adalora: () => [adalora({ r: 3, target: 2, steps: 9, targets: ['attn.q', 'mlp.up'] })],
  vera: () => [vera({ r: 4, targets: ['attn.q', 'attn.o'] })],
  loha: () => [loha({ r: 2, targets: ['attn.v', 'mlp.down'] })],
  lokr: () => [lokr({ r: 2, targets: ['attn.k', 'mlp.up'] })],
  fourierft: () => [fourierft({ n: 5, targets: ['attn.q', 'mlp.down'] })],
  'layer norms': () => [layerNormTuning()],
  oft: () => [oft({ targets: ['attn.q', 'mlp.down'], blockSize: 4 })],
  boft: () => [boft({ targets: ['attn.v', 'mlp.up'], blockSize: 4 })],
  hra: () => [hra({ targets: ['attn.o', 'mlp.up'], r: 2 })],
  ia3: () => [ia3()],
  houlsby: () => [bottleneck({ style: houlsby, r: 3, activation: gelu })],
  pfeiffer: () => [bottleneck({ style: pfeiffer, r: 2 })],
  parallel: () => [bottleneck({ style: parallel, r: 4 })],
  loreft: () => [loreft({ r: 2, first: 2, last: 1 })],
  prefix: () => [prefixTuning({ tokens: 3 })],
  'prefix with a projection': () => [prefixTuning({ tokens: 2, projection: { hidden: 3 } })],
  prompt: () => [promptTuning({ tokens: 2 })],
  'p-tuning': () => [pTuning({ tokens: 1, encoder: lstm({ hidden: 2 }) })],
  'multitask prompt': () => [multitaskPromptTuning({ tokens: 2, tasks: 3 })],
} as const satisfies Readonly<Record<string, (host: Host) => readonly Method[]>>;

export type VariantName = keyof typeof VARIANTS;

/** Prompts act on the sequence, which has no way half there. */
export const VIRTUAL: readonly VariantName[] = [
  'prefix',
  'prefix with a projection',
  'prompt',
  'p-tuning',
  'multitask prompt',
];

export const FAMILIES: readonly Family[] = [
  readLora(pissa, olora),
  readAdalora(),
  readVera(),
  readLoha(),
  readLokr(),
  readFourierft(),
  readLayerNormTuning(),
  readOft(),
  readBoft(),
  readHra(),
  readIa3(),
  readBottleneck(),
  readLoreft(),
  readPrefixTuning(),
  readPromptTuning(),
  readPTuning(),
  readMultitaskPromptTuning(),
];
