// The tokenizers that GGUF calls "gpt2": byte-level BPE, cut into pieces by a regular expression first.
import type { GgufFile } from '@peftjs/gguf';
import { ggufChoice, ggufList } from './gguf-metadata.ts';
import type { TokenizerKind } from './tokenizer-kind.ts';

type Json = Readonly<Record<string, unknown>>;

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

export const byteLevelBpe: TokenizerKind = {
  model: 'gpt2',
  begins: false,
  parts(file: GgufFile) {
    const pre = ggufChoice(file, 'tokenizer.ggml.pre', Object.keys(PRE_TOKENIZERS));
    return {
      pre_tokenizer: PRE_TOKENIZERS[pre],
      decoder: BYTES,
      model: {
        unk_token: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: PRE_TOKENIZERS[pre] === LLAMA_3,
        // Their parts have no space in them, for a byte 32 is written as another letter.
        merges: ggufList<string>(file, 'tokenizer.ggml.merges', 'string').map((merge) => merge.split(' ')),
      },
    };
  },
};
