import type { Message } from './example.ts';

/** What is needed of a tokenizer. */
export interface Tokenizer {
  /** The tokens of a text, with none added before or after. */
  encode(text: string): readonly number[];
  /** Put before texts and prompts, where the model has one. */
  readonly bosId?: number | null;
  /** Put after texts and completions, where the model has one. */
  readonly eosId?: number | null;
  /** Put before a text to classify, where the model has one; else `bosId`. */
  readonly clsId?: number | null;
  /** Put after a text to classify, where the model has one. */
  readonly sepId?: number | null;
  /**
   * A conversation as the model's text, special tokens included. With `addGenerationPrompt` it ends where the assistant
   * begins to speak.
   */
  applyChatTemplate?(messages: readonly Message[], options?: { readonly addGenerationPrompt?: boolean }): string;
}
