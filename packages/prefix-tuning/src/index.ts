export { fromText, fromVocabulary, type PromptInit, random, type TextEncoder } from './initializers.ts';
export { type LstmOptions, lstm } from './lstm.ts';
export { type MlpOptions, mlp } from './mlp.ts';
export { type MultitaskPromptTuningOptions, multitaskPromptTuning } from './multitask-prompt-tuning.ts';
export { type PTuningOptions, pTuning } from './p-tuning.ts';
export { type PrefixTuningOptions, prefixTuning } from './prefix-tuning.ts';
export type { PromptEncoder } from './prompt-encoder.ts';
export { type PromptTuningOptions, promptTuning } from './prompt-tuning.ts';
export { readMultitaskPromptTuning, readPrefixTuning, readPromptTuning, readPTuning } from './read-prompts.ts';
