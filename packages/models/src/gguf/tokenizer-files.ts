// The tokenizer in a GGUF file's metadata as the files that Hugging Face's libraries read.
import type { GgufFile } from '@peftjs/gguf';
import { byteLevelBpe } from './byte-level-bpe.ts';
import { ggufChoice, ggufList, ggufNumber } from './gguf-metadata.ts';
import { sentencePieceBpe } from './sentence-piece-bpe.ts';
import { TOKEN_TYPE, type TokenizerKind } from './tokenizer-kind.ts';

type Json = Readonly<Record<string, unknown>>;

export interface TokenizerFiles {
  /** `tokenizer.json` */
  readonly tokenizer: Json;
  /** `tokenizer_config.json` */
  readonly config: Json;
}

const KINDS: readonly TokenizerKind[] = [byteLevelBpe, sentencePieceBpe];

/**
 * Null where the file has no tokenizer.
 *
 * @throws naming the key that is missing, or that names a tokenizer of another kind
 */
export function tokenizerFiles(file: GgufFile): TokenizerFiles | null {
  if (!file.metadata.has('tokenizer.ggml.model')) return null;
  const names = KINDS.map(({ model }) => model);
  const kind = KINDS[names.indexOf(ggufChoice(file, 'tokenizer.ggml.model', names))] as TokenizerKind;
  const tokens = ggufList<string>(file, 'tokenizer.ggml.tokens', 'string');
  const special = (name: string) => {
    const key = `tokenizer.ggml.${name}_token_id`;
    if (!file.metadata.has(key)) return null;
    const id = ggufNumber(file, key);
    const token = tokens[id];
    if (token !== undefined) return { id, token };
    throw new Error(`[peftjs/models] ${file.name}: "${key}" is ${id}, there are ${tokens.length} tokens`);
  };
  const bos = special('bos');
  const begins = (file.metadata.get('tokenizer.ggml.add_bos_token') ?? kind.begins) === true && bos !== null;
  const { pre_tokenizer, decoder, model } = kind.parts(file);
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(file, tokens),
    normalizer: null,
    pre_tokenizer,
    post_processor: begins ? startingWith(bos.token, bos.id) : null,
    decoder,
    model: {
      type: 'BPE',
      dropout: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      ...model,
    },
  };
  const template = file.metadata.get('tokenizer.chat_template');
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: begins,
    bos_token: bos?.token ?? null,
    eos_token: special('eos')?.token ?? null,
    unk_token: special('unknown')?.token ?? null,
    pad_token: special('padding')?.token ?? null,
    clean_up_tokenization_spaces: false,
    ...(template !== undefined && { chat_template: template }),
  };
  return { tokenizer, config };
}

function addedTokens(file: GgufFile, tokens: readonly string[]): readonly Json[] {
  const types = ggufList<number>(file, 'tokenizer.ggml.token_type', 'number');
  const form = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return tokens.flatMap((content, id) => {
    const type = types[id];
    const special = type === TOKEN_TYPE.control || type === TOKEN_TYPE.unknown;
    return special || type === TOKEN_TYPE.userDefined ? [{ id, content, ...form, special }] : [];
  });
}

function startingWith(token: string, id: number): Json {
  const text = (name: string, type: number): Json => ({ Sequence: { id: name, type_id: type } });
  const start: Json = { SpecialToken: { id: token, type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [start, text('A', 0)],
    pair: [start, text('A', 0), text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
