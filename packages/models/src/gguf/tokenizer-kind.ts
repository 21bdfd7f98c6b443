// A kind of tokenizer in GGUF files. Another kind is one more of these values.
import type { GgufFile } from '@peftjs/gguf';

type Json = Readonly<Record<string, unknown>>;

/** What differs among kinds in a `tokenizer.json`. */
export interface TokenizerParts {
  readonly pre_tokenizer: Json | undefined;
  readonly decoder: Json;
  /** Of BPE, without the vocabulary. */
  readonly model: Json;
}

export interface TokenizerKind {
  /** The `tokenizer.ggml.model` of its files. */
  readonly model: string;
  /** Whether a text begins with a token of its own where the file does not say. */
  readonly begins: boolean;
  /** @throws naming the key that is missing or not supported */
  parts(file: GgufFile): TokenizerParts;
}

/** `tokenizer.ggml.token_type` */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4 } as const;
