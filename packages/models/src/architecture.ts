// What turns a folder's configuration and weights into a model. A new model family, or a new head, is one of these values.
import type { BaseModel } from '@peftjs/core';
import type { Model } from './model.ts';
import type { Source } from './source/source.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

export interface ModelParts {
  /** `config.json` */
  readonly config: Readonly<Record<string, unknown>>;
  readonly source: Source;
  readonly base: BaseModel;
  readonly tokenizer: TextTokenizer | null;
}

export interface Architecture<M extends Model = Model> {
  /** The `model_type` of the configurations it reads. */
  readonly modelType: string;
  load(parts: ModelParts): Promise<M>;
  /** Whether a file may hold this tensor although the model does not take it. Any other one is an error. */
  ignores?(name: string, config: Readonly<Record<string, unknown>>): boolean;
}
