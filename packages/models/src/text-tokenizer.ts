// A tokenizer from a model's folder: `tokenizer.json`, run by @huggingface/tokenizers, and its chat template.
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface TextTokenizer {
  /** Stands before a text, where the model was trained so. */
  readonly bosId: number | null;
  readonly eosId: number | null;
  /** Stands before a text to classify or embed, where the model has such a token, as BERT. */
  readonly clsId: number | null;
  /** Stands after it. */
  readonly sepId: number | null;
  /** The token that fills short sequences: the pad token, else the end token, else 0. */
  readonly padId: number;
  readonly vocab: number;
  /** The tokens of a text, with none added. */
  encode(text: string): readonly number[];
  /** Special tokens are left out. */
  decode(ids: readonly number[]): string;
  /** @throws where the model has no chat template */
  applyChatTemplate(messages: readonly ChatMessage[], options?: { readonly addGenerationPrompt?: boolean }): string;
}

type Json = Readonly<Record<string, unknown>>;

/** One template, or of several by name the one called default. */
function chatTemplate({ chat_template: given }: Json): string | undefined {
  if (!Array.isArray(given)) return (given as string | null | undefined) ?? undefined;
  return (given as { name: string; template: string }[]).find(({ name }) => name === 'default')?.template;
}

/** @param config `tokenizer_config.json`, or an empty object */
export function createTokenizer(tokenizer: Json, config: Json): TextTokenizer {
  const inner = new Tokenizer(tokenizer, config);
  const special = (name: string): string | null => {
    const token = config[`${name}_token`] as string | { content: string } | null | undefined;
    return typeof token === 'string' ? token : (token?.content ?? null);
  };
  const id = (name: string) => {
    const token = special(name);
    return token === null ? null : (inner.token_to_id(token) ?? null);
  };
  const eosId = id('eos');
  // Where the configuration does not name them, what the tokenizer itself puts around a text.
  const around = inner.encode('', { add_special_tokens: true }).ids;
  const [first = null, last = null] = around.length === 2 ? around : [];
  const template = chatTemplate(config);
  return {
    bosId: config.add_bos_token === false ? null : id('bos'),
    eosId,
    clsId: id('cls') ?? first,
    sepId: id('sep') ?? last,
    padId: id('pad') ?? eosId ?? 0,
    vocab: inner.get_vocab().size,
    encode: (text) => inner.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => (ids.length === 0 ? '' : inner.decode([...ids], { skip_special_tokens: true })),
    applyChatTemplate(messages, options = {}) {
      if (template === undefined)
        throw new Error('[peftjs/models] this model has no chat template; use prompt and completion, or text');
      return new Template(template).render({
        messages: [...messages],
        add_generation_prompt: options.addGenerationPrompt ?? false,
        bos_token: special('bos') ?? '',
        eos_token: special('eos') ?? '',
      });
    },
  };
}
