import { encodeProvenance, fingerprintWeights, memoryFolder, openWeights, type Story } from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { pair, text } from '../test/models.ts';
import { byName } from './by-name.ts';
import { chain } from './chain.ts';
import { exact } from './codecs/exact.ts';
import { sign } from './codecs/sign.ts';
import { diff } from './diff.ts';
import { inspect } from './inspect.ts';
import { verify } from './verify.ts';

const { base, tuned } = pair();
const result = await fingerprintWeights(await openWeights(tuned));
const origin = { name: 'base', fingerprint: await fingerprintWeights(await openWeights(base)) };

async function made(story?: Story, to = tuned) {
  const delta = memoryFolder([], 'd');
  await diff(base, to, delta, { story });
  return delta;
}

describe('the record of a delta', () => {
  it('has its base, what it gives and what is told of it, in the form of an adapter', async () => {
    const delta = await made({ license: 'mit', metrics: { loss: 1.5 } });
    const { provenance, hash } = await inspect(delta);
    expect(provenance).toEqual({ base: origin, result, license: 'mit', metrics: { loss: 1.5 } });
    const file = JSON.parse(new TextDecoder().decode(delta.files.get('peftjs.json')));
    expect(file).toMatchObject({ format: 1, kind: 'delta', provenance });
    expect(hash).toMatch(/^sha256:/);
    expect((await inspect(await made({ author: 'x' }))).hash).toBe(hash);
    const card = new TextDecoder().decode(delta.files.get('README.md'));
    expect(card).toMatch(
      /^---\nbase_model: "base"\nbase_model_relation: finetune\nlibrary_name: "peftjs"\nlicense: "mit"\n/,
    );
    expect(card).toContain(`\n| Gives | ${result} |\n`);
    expect(card).toContain('\n| loss | 1.5 |\n');
  });

  it('takes the story of the tuned model where that speaks of these weights', async () => {
    const told = (of: string) => {
      const provenance = { base: origin, result: of, data: 'sha256:11' };
      return memoryFolder([
        ...tuned.files,
        ['peftjs.json', encodeProvenance({ kind: 'model', provenance, files: new Map() })],
      ]);
    };
    expect((await inspect(await made({ author: 'x' }, told(result)))).provenance).toMatchObject({
      data: 'sha256:11',
      author: 'x',
    });
    expect((await inspect(await made({}, told('sha256:00')))).provenance).toEqual({ base: origin, result });
  });

  it('leaves out the metrics of a model that it does not give bit for bit', async () => {
    const provenance = { base: origin, result, data: 'sha256:11', metrics: { loss: 1 } };
    const about = encodeProvenance({ kind: 'model', provenance, files: new Map() });
    const told = memoryFolder([...tuned.files, ['peftjs.json', about]]);
    const [same, near] = [memoryFolder(), memoryFolder()];
    await diff(base, told, same);
    await diff(base, told, near, { codec: byName([[/^[ac]\.weight$/, sign()]], exact()) });
    expect((await inspect(same)).provenance).toMatchObject({ data: 'sha256:11', metrics: { loss: 1 } });
    const lossy = (await inspect(near)).provenance;
    expect(lossy).toMatchObject({ data: 'sha256:11' });
    expect(lossy?.result).not.toBe(result);
    expect(lossy).not.toHaveProperty('metrics');
  });

  it('names the deltas that a chain is of', async () => {
    const there = await made();
    const [back, both, more] = [memoryFolder(), memoryFolder(), memoryFolder()];
    await diff(tuned, base, back);
    await chain([there, back], both);
    const hashes = [(await inspect(there)).hash, (await inspect(back)).hash];
    expect((await inspect(both)).provenance?.parents).toEqual(hashes);
    await chain([both, there], more, { story: { author: 'x' } });
    expect((await inspect(more)).provenance).toMatchObject({ parents: [...hashes, hashes[0]], author: 'x' });
  });

  it('may be missing, and is refused where it speaks of something else', async () => {
    const delta = await made();
    const other = (edit: (json: { kind: string; provenance: Record<string, unknown> }) => void) => {
      const json = JSON.parse(new TextDecoder().decode(delta.files.get('peftjs.json')));
      edit(json);
      return memoryFolder([...delta.files, ['peftjs.json', text(JSON.stringify(json))]], 'd');
    };
    const without = memoryFolder([...delta.files].filter(([name]) => name !== 'peftjs.json'));
    expect((await inspect(without)).provenance).toBeNull();
    await verify(without, { base });
    await expect(inspect(other((json) => (json.kind = 'adapter')))).rejects.toThrow(
      '[peftjs/delta] d/peftjs.json is of the kind "adapter"; it belongs to another folder',
    );
    await expect(inspect(other((json) => (json.provenance.result = 'sha256:00')))).rejects.toThrow(
      `d/peftjs.json gives the result the fingerprint "sha256:00", delta.json has ${result}`,
    );
    const foreign = await made({}, base);
    const mixed = memoryFolder([...delta.files, ['peftjs.json', foreign.files.get('peftjs.json')!]], 'd');
    await expect(inspect(mixed)).rejects.toThrow('[peftjs/checkpoint] d/delta.json has sha256:');
  });

  it('leaves a card alone that somebody else wrote', async () => {
    const delta = memoryFolder([['README.md', text('mine')]]);
    await diff(base, tuned, delta);
    await diff(base, tuned, delta, { story: { author: 'x' } });
    expect(new TextDecoder().decode(delta.files.get('README.md'))).toBe('mine');
    const own = await made();
    await diff(base, tuned, own, { story: { author: 'x' } });
    expect(new TextDecoder().decode(own.files.get('README.md'))).toContain('| Author | x |');
  });
});
