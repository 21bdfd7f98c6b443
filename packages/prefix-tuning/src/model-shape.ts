// What a configuration says of the model that a prompt was made for, and whether the prompt fits into it.
import type { AttentionSite, EmbeddingSite, Json, SequenceSite, Site } from '@peftjs/core';

export function attentionSites(sites: readonly Site[]): readonly AttentionSite[] {
  return sites.filter((site) => site.kind === 'attention');
}

/** Where the model embeds its tokens. */
export function tokenTable(model: readonly Site[]): EmbeddingSite | null {
  const tables = model.filter((site) => site.kind === 'embedding');
  return tables.find((site) => site.role.split(' ').includes('embed')) ?? null;
}

/** @throws when there is none, or there are several: an encoder and a decoder */
export function theSequence(sites: readonly Site[]): SequenceSite {
  const found = sites.filter((site) => site.kind === 'sequence');
  if (found.length === 1) return found[0] as SequenceSite;
  throw new Error(
    `[peftjs/prefix-tuning] the model has ${found.length} sites of kind "sequence"; prompts and prefixes need one, as models that read tokens have`,
  );
}

/** What is wrong with so many virtual tokens in this model, or null. */
export function tooMany(tokens: number, { context }: SequenceSite): string | null {
  if (context === undefined || tokens < context) return null;
  return `${tokens} virtual tokens leave no room in the model's context of ${context}; give fewer`;
}

/** PEFT's keys for the model. */
export function shapeConfig(model: readonly Site[], dim: number): Record<string, Json> {
  const attention = attentionSites(model);
  return {
    token_dim: dim,
    num_attention_heads: attention[0]?.heads ?? null,
    num_layers: attention.length || null,
    num_transformer_submodules: 1,
  };
}
