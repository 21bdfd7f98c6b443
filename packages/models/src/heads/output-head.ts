// The output of a language model: a matrix of its own, or the table of its input embeddings.
import type { EmbeddingSite, LinearSite } from '@peftjs/core';
import type { SiteReader } from '../sites/site-reader.ts';

export async function outputHead(reader: SiteReader, table: EmbeddingSite, tied: boolean): Promise<LinearSite> {
  const { weight, vocab, dim } = table;
  if (!tied) return reader.linear('lm_head', 'head', vocab, dim, { bias: false });
  return { kind: 'linear', path: 'lm_head', role: 'head', inDim: dim, outDim: vocab, weight, bias: null };
}
