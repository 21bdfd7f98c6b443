// The tokenizers that GGUF calls "llama": BPE of sentencepiece, as Llama 1 and 2, Mistral and TinyLlama have it. The file has a
// score for each piece; which pairs are merged, and in which order, follows from these.
import type { GgufFile } from '@peftjs/gguf';
import { ggufList } from './gguf-metadata.ts';
import { TOKEN_TYPE, type TokenizerKind } from './tokenizer-kind.ts';

/** Stands for a space. */
const SPACE = '▁';

export const sentencePieceBpe: TokenizerKind = {
  model: 'llama',
  begins: true,
  parts(file) {
    const prefix = file.metadata.get('tokenizer.ggml.add_space_prefix') !== false;
    const spaces = { type: 'Replace', pattern: { String: SPACE }, content: ' ' };
    const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
    const decoders = [spaces, { type: 'ByteFallback' }, { type: 'Fuse' }, ...(prefix ? [strip] : [])];
    const scheme = prefix ? 'first' : 'never';
    const tokens = ggufList<string>(file, 'tokenizer.ggml.tokens', 'string');
    const types = ggufList<number>(file, 'tokenizer.ggml.token_type', 'number');
    return {
      pre_tokenizer: { type: 'Metaspace', replacement: SPACE, prepend_scheme: scheme, split: false },
      decoder: { type: 'Sequence', decoders },
      model: {
        unk_token: tokens[types.indexOf(TOKEN_TYPE.unknown)] ?? null,
        fuse_unk: true,
        byte_fallback: true,
        ignore_merges: false,
        merges: mergesOf(file, tokens, types),
      },
    };
  },
};

interface Merge {
  readonly pair: readonly [left: string, right: string];
  readonly ids: readonly [left: number, right: number];
  readonly score: number;
  /** In characters. */
  readonly lengths: readonly [left: number, right: number];
}

/** Every pair of pieces that makes a piece, that of the highest score first; in Hugging Face's order where scores are the same. */
function mergesOf(file: GgufFile, tokens: readonly string[], types: readonly number[]): Merge['pair'][] {
  const scores = ggufList<number>(file, 'tokenizer.ggml.scores', 'number');
  const pieces = new Map(tokens.flatMap((token, id) => (types[id] === TOKEN_TYPE.normal ? [[token, id]] : [])));
  const merges: Merge[] = [];
  for (const [token, id] of pieces) {
    const characters = [...token];
    const own: Merge[] = [];
    for (let at = 1; at < characters.length; at++) {
      const pair = [characters.slice(0, at).join(''), characters.slice(at).join('')] as const;
      const [left, right] = [pieces.get(pair[0]), pieces.get(pair[1])];
      if (left === undefined || right === undefined) continue;
      own.push({ pair, ids: [left, right], score: scores[id] as number, lengths: [at, characters.length - at] });
    }
    merges.push(...own.sort((a, b) => a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]));
  }
  merges.sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1]);
  return merges.map(({ pair }) => pair);
}
