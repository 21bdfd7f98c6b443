export { type AdaloraOptions, adalora } from './adalora.ts';
export { type Allocated, type Allocation, type AllocationOptions, type Budget, budget } from './adalora-budget.ts';
export { type AloraOptions, alora } from './alora.ts';
export { biases, bitfit } from './biases.ts';
export { cloq, type InputProducts } from './cloq.ts';
export { type CombineOptions, combine, type WeightedAdapter } from './combine/combine.ts';
export type { Election } from './combine/mix.ts';
export {
  cat,
  type DareOptions,
  type DensityOptions,
  dareLinear,
  dareTies,
  linear,
  magnitudePrune,
  type Rule,
  svd,
  type TiesOptions,
  ties,
} from './combine/rules.ts';
export { dora } from './dora.ts';
export { type BaseWeight, type WeightOf, weightsOf } from './extract/base-weight.ts';
export { type ExtractBetweenOptions, extractLoraBetween } from './extract/extract-between.ts';
export { type ExtractOptions, extractLora, type WeightChange } from './extract/extract-lora.ts';
export type { Fit } from './extract/fit.ts';
export type { FittedAdapter, SiteFit } from './extract/write-adapter.ts';
export { type FourierftOptions, fourierft } from './fourierft.ts';
export { gaussian, type Initializer, kaiming, noisy } from './initializers.ts';
export { type LayerNormTuningOptions, layerNormTuning, readLayerNormTuning } from './layer-norm-tuning.ts';
export { type LoftqOptions, loftq } from './loftq.ts';
export { type LohaOptions, loha, readLoha } from './loha.ts';
export { type LokrOptions, lokr, readLokr } from './lokr.ts';
export { lora } from './lora.ts';
export { type LoraPlusOptions, loraPlus } from './lora-plus.ts';
export { loraWithBias } from './lora-with-bias.ts';
export { type MatrixInitializer, olora, pissa } from './matrix-initializers.ts';
export type { LoraOptions } from './options.ts';
export { type QaloraOptions, qalora } from './qalora.ts';
export { readAdalora } from './read-adalora.ts';
export { readFourierft } from './read-fourierft.ts';
export { readLora } from './read-lora.ts';
export { readTrainableTokens } from './read-trainable-tokens.ts';
export { readVera } from './read-vera.ts';
export { type TrainableTokensOptions, trainableTokens } from './trainable-tokens.ts';
export { type VeraOptions, vera } from './vera.ts';
