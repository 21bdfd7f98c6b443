import { memorySource, openSafetensors } from '@peftjs/safetensors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdapterRecord, siteKey } from './adapter-record.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { loadAdapter } from './load-adapter.ts';
import { memoryFolder } from './memory-folder.ts';
import { saveAdapter } from './save-adapter.ts';

const record: AdapterRecord = {
  config: { r: 2, peft_type: 'LORA', target_modules: ['q_proj'], base_model_name_or_path: 'org/base', lora_dropout: 0 },
  tensors: [
    { key: siteKey('model.layers.0.q_proj', 'lora_B.weight'), shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { key: siteKey('model.layers.0.q_proj', 'lora_A.weight'), shape: [2, 1], data: Float32Array.of(0.1, -0.2) },
  ],
  provenance: {
    base: { name: 'org/base', fingerprint: 'sha256:00' },
    data: 'sha256:11',
    metrics: { loss: 1.5 },
    parents: ['sha256:22'],
  },
};

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);
const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);

describe('saveAdapter', () => {
  it('writes the four files, PEFT keys sorted and indented by two', async () => {
    const folder = memoryFolder();
    const saved = await saveAdapter({ snapshot: async () => record }, folder);
    expect([...folder.files.keys()].sort()).toEqual([
      'README.md',
      'adapter_config.json',
      'adapter_model.safetensors',
      'peftjs.json',
    ]);
    expect(text(folder.files.get('adapter_config.json'))).toBe(
      '{\n  "base_model_name_or_path": "org/base",\n  "lora_dropout": 0,\n  "peft_type": "LORA",\n  "r": 2,\n' +
        '  "target_modules": [\n    "q_proj"\n  ]\n}\n',
    );
    const weights = await openSafetensors(memorySource('w', folder.files.get('adapter_model.safetensors')!));
    expect([...weights.metadata]).toEqual([['format', 'pt']]);
    expect([...weights.tensors.keys()]).toEqual([
      'base_model.model.model.layers.0.q_proj.lora_A.weight',
      'base_model.model.model.layers.0.q_proj.lora_B.weight',
    ]);
    expect(saved.bytes).toBe([...folder.files.values()].reduce((sum, { length }) => sum + length, 0));
  });

  it('gives back what was saved', async () => {
    const shape = fc.array(fc.nat(3), { maxLength: 3 });
    const tensor = shape.chain((shape) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const values = { minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true };
      const key = fc.stringMatching(/^[a-z_.0-9]{1,12}$/);
      return fc.record({ key, shape: fc.constant(shape), data: fc.float32Array(values) });
    });
    const tensors = fc.uniqueArray(tensor, { selector: ({ key }) => key, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        tensors,
        fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })),
        async (tensors, rest) => {
          const config = JSON.parse(JSON.stringify({ ...rest, peft_type: 'LORA' }));
          const folder = memoryFolder();
          await saveAdapter({ config, tensors, provenance: record.provenance }, folder);
          const loaded = await loadAdapter(folder);
          expect(loaded.config).toEqual(config);
          expect(loaded.provenance).toEqual(record.provenance);
          expect([...loaded.tensors].sort(byKey)).toEqual([...tensors].sort(byKey));
        },
      ),
      { seed: 21, numRuns: 60 },
    );
  });

  it('saves the same bytes again', async () => {
    const [a, b] = [memoryFolder(), memoryFolder()];
    await saveAdapter(record, a);
    await saveAdapter({ ...record, tensors: [...record.tensors].reverse() }, b);
    expect([...b.files]).toEqual([...a.files]);
  });

  it.each(['F16', 'BF16'] as const)('stores %s and loads float32', async (dtype) => {
    const folder = memoryFolder();
    await saveAdapter(record, folder, { dtype });
    const weights = await openSafetensors(memorySource('w', folder.files.get('adapter_model.safetensors')!));
    expect([...weights.tensors.values()].map((entry) => entry.dtype)).toEqual([dtype, dtype]);
    const [a] = (await loadAdapter(folder)).tensors;
    expect(a!.data[0]).toBeCloseTo(0.1, dtype === 'F16' ? 4 : 3);
    expect(a!.data[0]).not.toBe(Math.fround(0.1));
  });

  it.each<[string, Partial<AdapterRecord>, 'F32' | 'F16' | 'BF16', string]>([
    [
      'NaN',
      { tensors: [{ key: 'k', shape: [1], data: Float32Array.of(Number.NaN) }] },
      'F32',
      'tensor "k" holds NaN at element 0',
    ],
    [
      'what float16 cannot hold',
      { tensors: [{ key: 'k', shape: [1], data: Float32Array.of(-65520) }] },
      'F16',
      'holds -65520, too large for F16',
    ],
    [
      'what bfloat16 cannot hold',
      { tensors: [{ key: 'k', shape: [1], data: Float32Array.of(3.4e38) }] },
      'BF16',
      'too large for BF16',
    ],
    [
      'a wrong shape',
      { tensors: [{ key: 'k', shape: [2], data: Float32Array.of(1) }] },
      'F32',
      'tensor "k" of dtype F32 and shape [2]',
    ],
    [
      'a key twice',
      { tensors: [0, 1].map(() => ({ key: 'k', shape: [], data: Float32Array.of(1) })) },
      'F32',
      '"k" twice',
    ],
    ['a config without a type', { config: {} }, 'F32', 'has no peft_type'],
    [
      'a config that JSON cannot say',
      { config: { peft_type: 'LORA', a: [Number.NaN] } },
      'F32',
      'adapter_config.json cannot hold NaN',
    ],
  ])('refuses %s and leaves the folder as it was', async (_, change, dtype, message) => {
    const folder = memoryFolder();
    await saveAdapter(record, folder);
    const before = folder.files;
    await expect(saveAdapter({ ...record, ...change }, folder, { dtype })).rejects.toThrow(message);
    expect(folder.files).toBe(before);
  });

  it('deletes nothing that it does not replace', async () => {
    const folder = memoryFolder([['thesis.docx', bytes('x')]], 'out/notes');
    await expect(saveAdapter(record, folder)).rejects.toThrow(
      '[peftjs/checkpoint] out/notes holds "thesis.docx", which saving would delete',
    );
    expect([...folder.files.keys()]).toEqual(['thesis.docx']);
  });

  it('renews its own README.md and keeps one that somebody changed', async () => {
    const folder = memoryFolder();
    await saveAdapter(record, folder);
    expect(text(folder.files.get('README.md'))).toContain('| loss | 1.5 |');
    await saveAdapter({ ...record, provenance: { ...record.provenance!, metrics: { loss: 1.25 } } }, folder);
    expect(text(folder.files.get('README.md'))).toContain('| loss | 1.25 |');
    const edited = memoryFolder([...folder.files, ['README.md', bytes('mine')]]);
    await saveAdapter(record, edited);
    await saveAdapter(record, edited);
    expect(text(edited.files.get('README.md'))).toBe('mine');
    await expect(loadAdapter(edited)).resolves.toBeDefined();
  });

  it('writes a card that a base name cannot break out of', async () => {
    const folder = memoryFolder();
    const config = { ...record.config, base_model_name_or_path: 'a: "b"|c' };
    await saveAdapter({ ...record, config }, folder);
    const card = text(folder.files.get('README.md'));
    expect(card).toContain('| Base model | a: "b"\\|c |');
  });

  it.each(['/models/base', 'models/of/mine', './base', 'base.gguf: 1'])(
    'gives the hub no name that is none: %s',
    async (name) => {
      const folder = memoryFolder();
      await saveAdapter({ ...record, config: { ...record.config, base_model_name_or_path: name } }, folder);
      const [front, rest] = text(folder.files.get('README.md')).split('\n---\n');
      expect(front).not.toContain('base_model');
      expect(rest).toContain(`| Base model | ${name} |`);
    },
  );

  it('keeps a story beside the base, and sums it up in the card', async () => {
    const folder = memoryFolder();
    const { base } = record.provenance!;
    const story = {
      author: 'the team',
      license: 'Apache-2.0',
      device: 'a GPU',
      seeds: { run: 7 },
      recipe: { rank: 2 },
    };
    await saveAdapter({ ...record, provenance: { base } }, folder, { story });
    expect((await loadAdapter(folder)).provenance).toEqual({ base, ...story });
    const card = text(folder.files.get('README.md'));
    const [front] = card.split('\n---\n');
    expect(front!.split('\n')).toEqual([
      '---',
      'base_model: "org/base"',
      'base_model_relation: adapter',
      'library_name: peft',
      'license: "apache-2.0"',
      'tags:',
      '- "base_model:adapter:org/base"',
      '- "lora"',
      '- peftjs',
    ]);
    for (const row of ['| Author | the team |', '| Device | a GPU |', '| run | 7 |', '| rank | 2 |'])
      expect(card).toContain(`\n${row}\n`);
    const named = { ...story, license: 'Our own, v2' };
    await saveAdapter({ ...record, provenance: { base } }, folder, { story: named });
    expect(text(folder.files.get('README.md'))).toContain('\nlicense: other\nlicense_name: "Our own, v2"\n');
    await expect(saveAdapter({ ...record, provenance: null }, folder, { story })).rejects.toThrow(
      'an adapter that does not say its base can have no story',
    );
  });

  it('names the library that the configuration names, or else PEFT', async () => {
    const cardOf = async (more: Readonly<Record<string, string>>) => {
      const folder = memoryFolder();
      await saveAdapter({ ...record, config: { ...record.config, ...more } }, folder);
      return text(folder.files.get('README.md'));
    };
    expect(await cardOf({})).toContain('\nlibrary_name: peft\n');
    expect(await cardOf({ library_name: 'peftjs' })).toContain('\nlibrary_name: "peftjs"\n');
  });

  it('is an error of its own class', async () => {
    await expect(saveAdapter({ ...record, config: {} }, memoryFolder())).rejects.toBeInstanceOf(CheckpointError);
  });
});
