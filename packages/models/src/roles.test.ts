// What roles mean: the same on every architecture, and as the documentation's table has them.
import { readFileSync } from 'node:fs';
import { type LinearSite, type Site, selectSites } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { describe, expect, test } from 'vitest';
import { guardTensors } from '../test/tiny-llama.ts';
import { make } from '../test/tiny-models.ts';
import { bertClassifier, gpt2, llama, type Model, vitClassifier } from './index.ts';

guardTensors();

const MODELS = {
  Llama: () => make(llama, { tie_word_embeddings: false }),
  'GPT-2': () => make(gpt2),
  BERT: () => make(bertClassifier({ labels: 3 })),
  ViT: () => make(vitClassifier({ labels: 3 })),
} as const;

async function sitesOf(open: () => Promise<Model>): Promise<readonly Site[]> {
  const model = await open();
  const sites = model.sites();
  model.dispose();
  return sites;
}

const having = (sites: readonly Site[], role: string) =>
  sites.filter((site) => site.kind !== 'residual' && site.kind !== 'attention' && site.role.split(' ').includes(role));

describe.each(Object.entries(MODELS))('%s', (_, open) => {
  test('has the same roles, each once a block, between the same dimensions', async () => {
    const sites = await sitesOf(open);
    const dims = (role: string) =>
      (having(sites, role) as LinearSite[]).map(({ kind, inDim, outDim }) => [kind, inDim, outDim]);
    const { dim } = sites.find((site) => site.kind === 'norm') as { dim: number };
    const hidden = 12;
    for (const role of ['attn.q', 'attn.k', 'attn.v']) {
      expect(dims(role).map(([kind, inDim]) => [kind, inDim])).toEqual(Array(2).fill(['linear', dim]));
    }
    expect(dims('attn.o').map(([kind, , outDim]) => [kind, outDim])).toEqual(Array(2).fill(['linear', dim]));
    expect(dims('mlp.up')).toEqual(Array(2).fill(['linear', dim, hidden]));
    expect(dims('mlp.down')).toEqual(Array(2).fill(['linear', hidden, dim]));
    expect(dims('head').map(([kind, inDim]) => [kind, inDim])).toEqual([['linear', dim]]);
    const [embed, ...more] = having(sites, 'embed');
    expect(more).toEqual([]);
    expect(embed?.kind === 'embedding' ? embed.dim : (embed as { outDim: number }).outDim).toBe(dim);
    for (const role of ['attn.norm', 'mlp.norm', 'block']) expect(having(sites, role)).toHaveLength(2);
  });

  test('gets LoRA without targets on every linear layer but the head', async () => {
    const sites = await sitesOf(open);
    const chosen = selectSites(sites, lora().targets, new Set(['linear']));
    expect(chosen.length).toBeGreaterThan(7);
    expect(sites.filter((site) => site.kind === 'linear' && !chosen.includes(site)).map(({ role }) => role)).toEqual([
      'head',
    ]);
  });
});

test('the documentation has them as they are', async () => {
  const named = await Promise.all(
    Object.values(MODELS).map(async (open) => {
      const names = new Map<string, string>();
      for (const { path, role } of await sitesOf(open)) {
        for (const one of role.split(' ')) {
          // Below a block, and without the body's name.
          const short = path.replace(/^.*\.(?:layers?|h)\.\d+\.?/, '').replace(/^(model|transformer|bert|vit)\./, '');
          if (!names.has(one)) names.set(one, short === '' ? 'the block' : `\`${short}\``);
        }
      }
      return names;
    }),
  );
  const roles = [...new Set(named.flatMap((names) => [...names.keys()]))].filter((role) => role !== 'sequence');
  const page = readFileSync(new URL('../../../docs/packages/models.md', import.meta.url), 'utf8');
  for (const role of roles) {
    const row = `| \`${role}\` | ${named.map((names) => names.get(role) ?? '').join(' | ')} |`.replaceAll(
      '|  |',
      '| |',
    );
    expect(page).toContain(row.replaceAll('|  |', '| |'));
  }
});
