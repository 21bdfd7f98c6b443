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
}
