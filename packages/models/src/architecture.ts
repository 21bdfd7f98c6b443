// What turns a folder's configuration and weights into a host. A new model family is one of these values.
import type { BaseModel } from '@peftjs/core';
import type { CausalLM } from './causal-lm.ts';
import type { Source } from './source.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

export interface ModelParts {
  /** `config.json` */
  readonly config: Readonly<Record<string, unknown>>;
  readonly source: Source;
  readonly base: BaseModel;
  readonly tokenizer: TextTokenizer | null;
}

export interface Architecture {
  /** The `model_type` of the configurations it reads. */
  readonly modelType: string;
  load(parts: ModelParts): Promise<CausalLM>;
  /** Whether a file may hold this tensor although the model does not take it. Any other one is an error. */
  ignores?(name: string, config: Readonly<Record<string, unknown>>): boolean;
}
