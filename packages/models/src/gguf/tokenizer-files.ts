// The tokenizer in a GGUF file's metadata as the files that Hugging Face's libraries read.
import { nearest } from '@peftjs/core';
import type { GgufFile } from '@peftjs/gguf';
import { ggufList, ggufNumber, ggufText } from './gguf-metadata.ts';

type Json = Readonly<Record<string, unknown>>;

export interface TokenizerFiles {
  /** `tokenizer.json` */
  readonly tokenizer: Json;
  /** `tokenizer_config.json` */
  readonly config: Json;
}

const BYTES: Json = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const split = (regex: string): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});
const DIGITS_APART: Json = { type: 'Sequence', pretokenizers: [split('\\p{N}'), BYTES] };
const LLAMA_3: Json = {
  type: 'Sequence',
  pretokenizers: [
    split(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ),
    { ...BYTES, use_regex: false },
  ],
};

/** By `tokenizer.ggml.pre`: how a text is cut before its pieces are merged. */
const PRE_TOKENIZERS: Readonly<Record<string, Json>> = {
  'gpt-2': BYTES,
  smollm: DIGITS_APART,
  starcoder: DIGITS_APART,
  refact: DIGITS_APART,
  'llama-bpe': LLAMA_3,
};

/** `tokenizer.ggml.token_type` */
const [UNKNOWN, CONTROL, USER_DEFINED] = [2, 3, 4];

/**
 * Null where the file has no tokenizer.
 *
 * @throws naming the key that is missing, or that names a tokenizer of another kind
 */
export function tokenizerFiles(file: GgufFile): TokenizerFiles | null {
  if (!file.metadata.has('tokenizer.ggml.model')) return null;
  known(file, 'tokenizer.ggml.model', ['gpt2']);
  const pre = known(file, 'tokenizer.ggml.pre', Object.keys(PRE_TOKENIZERS));
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
  const begins = file.metadata.get('tokenizer.ggml.add_bos_token') === true && bos !== null;
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(file, tokens),
    normalizer: null,
    pre_tokenizer: PRE_TOKENIZERS[pre],
    post_processor: begins ? startingWith(bos.token, bos.id) : null,
    decoder: BYTES,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: PRE_TOKENIZERS[pre] === LLAMA_3,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ggufList<string>(file, 'tokenizer.ggml.merges', 'string').map(pair),
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

function known(file: GgufFile, key: string, names: readonly string[]): string {
  const name = ggufText(file, key);
  if (names.includes(name)) return name;
  throw new Error(
    `[peftjs/models] ${file.name}: "${key}" is ${JSON.stringify(name.slice(0, 40))}, which is not supported${nearest(name, names)}; known here: ${names.join(', ')}`,
  );
}

function addedTokens(file: GgufFile, tokens: readonly string[]): readonly Json[] {
  const types = ggufList<number>(file, 'tokenizer.ggml.token_type', 'number');
  const form = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return tokens.flatMap((content, id) => {
    const type = types[id];
    const special = type === CONTROL || type === UNKNOWN;
    return special || type === USER_DEFINED ? [{ id, content, ...form, special }] : [];
  });
}

/** A merge, whose parts have no space in them, for a byte 32 is written as another letter. */
function pair(merge: string): readonly string[] {
  return merge.split(' ');
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
