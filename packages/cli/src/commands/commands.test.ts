import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peftjs } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';
import type { Command } from '../command.ts';
import { commands } from '../commands.ts';

let place: Workplace;
let adapter: string;
beforeAll(async () => {
  place = await makeWorkplace();
  adapter = place.path('adapter');
  const options = ['--batch-size', '2', '--steps', '5', '--learning-rate', '0.05', '--backend', 'cpu'];
  const { stderr } = await peftjs([
    'train',
    '--model',
    place.model,
    '--data',
    place.data,
    '--out',
    adapter,
    ...options,
  ]);
  expect(stderr).toBe('');
}, 60_000);
afterAll(() => place.remove());

/** The one object that a command prints with `--json`. */
async function resultOf(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { code, stderr, objects } = await peftjs([...args, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(objects).toHaveLength(1);
  return objects[0] as Readonly<Record<string, unknown>>;
}

const on = (...args: string[]) => [...args, '--backend', 'cpu'];
const evaluated = (model: string, ...more: string[]) =>
  resultOf(...on('eval', '--model', model, '--data', place.data, ...more)) as Promise<{
    base: { loss: number; perplexity: number };
    adapted: { loss: number } | null;
  }>;

describe('eval', () => {
  test('gives loss and perplexity with and without an adapter', async () => {
    const { base, adapted } = await evaluated(place.model, '--adapter', adapter);
    expect(base.perplexity).toBeCloseTo(Math.exp(base.loss), 3);
    expect(adapted?.loss).toBeLessThan(base.loss);
    expect((await evaluated(place.model)).adapted).toBeNull();
    const { stdout } = await peftjs(on('eval', '--model', place.model, '--adapter', adapter, '--data', place.data));
    expect(stdout).toMatch(/^base {5}loss .*\nadapter {2}loss /m);
  });

  test('says about the same over weights of 16 bits, in half the memory', async () => {
    const whole = await evaluated(place.model, '--adapter', adapter);
    for (const [weights, precision] of [
      ['f16', 2 ** -11],
      ['bf16', 2 ** -8],
    ] as const) {
      const half = await evaluated(place.model, '--adapter', adapter, '--weights', weights);
      expect(Math.abs(half.base.loss / whole.base.loss - 1)).toBeLessThan(precision);
      expect(half.base.loss).not.toBe(whole.base.loss);
      expect(half.adapted?.loss).toBeLessThan(half.base.loss);
      const args = on('generate', '--model', place.model, '--prompt', 'The', '--max-new-tokens', '3');
      const { stderr } = await peftjs([...args, '--weights', weights]);
      expect(stderr).toContain(`in memory as ${weights}`);
    }
  });

  test('takes the asked file of a folder', async () => {
    mkdirSync(place.path('texts'));
    for (const name of ['train', 'test']) writeFileSync(place.path(`texts/${name}.jsonl`), readFileSync(place.data));
    const args = on('eval', '--model', place.model, '--data', place.path('texts'));
    expect(await resultOf(...args)).toMatchObject({ data: { file: expect.stringMatching(/test\.jsonl$/) } });
    const { code, stderr } = await peftjs([...args, '--split', 'valid']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/has no valid file/);
  });
});

describe('generate', () => {
  const args = (...more: string[]) =>
    on('generate', '--model', place.model, '--prompt', 'The state', '--max-new-tokens', '6', ...more);

  test('writes the text alone to stdout', async () => {
    const { stdout, stderr } = await peftjs(args());
    const { text } = await resultOf(...args());
    expect(stdout).toBe(`The state${text}\n`);
    expect(stderr).toMatch(/^backend {2}cpu/);
  });

  test('draws by seed, and uses the adapter', async () => {
    const drawn = async (...more: string[]) => (await resultOf(...args('--temperature', '1', ...more))).text;
    expect(await drawn('--seed', '1')).toBe(await drawn('--seed', '1'));
    expect(await drawn('--seed', '1')).not.toBe(await drawn('--seed', '2'));
    expect(await drawn('--seed', '1', '--adapter', adapter)).not.toBe(await drawn('--seed', '1'));
  });
});

describe('merge', () => {
  test('makes a model that says what base and adapter say', async () => {
    const out = place.path('merged');
    await resultOf(...on('merge', '--model', place.model, '--adapter', adapter, '--out', out));
    expect(readdirSync(out).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'peftjs.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const { adapted } = await evaluated(place.model, '--adapter', adapter);
    const { base } = await evaluated(out);
    expect(Math.abs(base.loss - (adapted?.loss as number))).toBeLessThan(1e-4);
  });

  test('keeps nothing where the output changes too much', async () => {
    const args = on(
      'merge',
      '--model',
      place.model,
      '--adapter',
      adapter,
      '--out',
      place.path('strict'),
      '--tolerance',
      '1e-30',
    );
    const { code, stderr } = await peftjs(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/over the tolerance of 1e-30; nothing was merged/);
    expect(readdirSync(place.folder)).not.toContain('strict');
  });
});

describe('inspect', () => {
  test('an adapter, with its hashes verified', async () => {
    const found = await resultOf('inspect', adapter);
    expect(found).toMatchObject({
      kind: 'adapter',
      verified: true,
      tensorCount: 28,
      config: { r: 8 },
      provenance: { base: { name: place.model } },
    });
    const { stdout } = await peftjs(['inspect', adapter]);
    expect(stdout).toMatch(/^hashes {3}verified$/m);
    expect(stdout).toMatch(/layers\.\*\.mlp\.down_proj\.lora_A\.weight {5}F32 {2}\[8, 32\] {2}x 2$/m);
  });

  test('an adapter from Python, a model, a file', async () => {
    const python = new URL('../../../../golden/cases/lora/adapter', import.meta.url).pathname;
    expect(await resultOf('inspect', python)).toMatchObject({ kind: 'adapter', verified: null, provenance: null });
    const model = await resultOf('inspect', place.model);
    expect(model).toMatchObject({ kind: 'model', fingerprint: expect.stringMatching(/^sha256:/), tensorCount: 20 });
    const file = await resultOf('inspect', `${adapter}/adapter_model.safetensors`);
    expect(file).toMatchObject({ kind: 'file', tensorCount: 28 });
    expect((await peftjs(['inspect', place.model])).stdout).toMatch(/^weights {2}sha256:/m);
  });
});

describe('parity', () => {
  const folder = (name: string) => new URL(`../../../../golden/cases/${name}`, import.meta.url).pathname;

  test('passes a golden case', async () => {
    const { passed, parts } = await resultOf(...on('parity', '--case', folder('lora')));
    expect(passed).toBe(true);
    expect(parts).toContainEqual({ part: 'logits', error: expect.any(Number), tolerance: 1e-4 });
    const { stdout } = await peftjs(on('parity', folder('lora')));
    expect(stdout).toMatch(/^pass {2}gradients \(8\) +\S+ {2}of 1e-3$/m);
  });

  test('fails one whose numbers are not ours, with exit code 3', async () => {
    const wrong = place.path('wrong');
    for (const part of ['', '/base', '/adapter']) mkdirSync(wrong + part);
    const copy = (name: string, from = 'lora') =>
      writeFileSync(`${wrong}/${name}`, readFileSync(`${folder(from)}/${name}`));
    for (const name of ['case.json', 'expect.safetensors', 'base/config.json', 'base/model.safetensors']) copy(name);
    copy('adapter/adapter_model.safetensors');
    const config = JSON.parse(readFileSync(`${folder('lora')}/adapter/adapter_config.json`, 'utf8'));
    writeFileSync(
      `${wrong}/adapter/adapter_config.json`,
      JSON.stringify({ ...config, lora_alpha: 10 * config.lora_alpha }),
    );
    const { code, stdout } = await peftjs(on('parity', '--case', wrong));
    expect(code).toBe(3);
    expect(stdout).toMatch(/^pass {2}logits_base/m);
    expect(stdout).toMatch(/^FAIL {2}logits /m);
  });
});

describe('help', () => {
  test.for(commands)('$name has examples that its own options parse', async ({ name, load }) => {
    const found = await load();
    const all: [string[], Command][] =
      'actions' in found ? [...found.actions].map(([word, { command }]) => [[name, word], command]) : [[[name], found]];
    for (const [words, { options, examples }] of all) {
      const { code, stdout } = await peftjs([...words, '--help']);
      expect(code).toBe(0);
      expect(stdout.startsWith(`peftjs ${words.join(' ')} `)).toBe(true);
      expect(stdout).toMatch(/^Examples\n {2}# /m);
      expect(stdout).toMatch(/^ {2}130 {2}interrupted$/m);
      for (const [line] of examples) {
        expect(line.split(' ').slice(0, words.length)).toEqual(words);
        for (const [, option] of line.matchAll(/--([\w-]+)/g)) expect(Object.keys(options)).toContain(option);
      }
    }
  });

  test('lists every command', async () => {
    const { code, stdout } = await peftjs(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
    expect((await peftjs([])).code).toBe(2);
    const group = await peftjs(['delta', '--help']);
    expect(group.code).toBe(0);
    expect(group.stdout).toMatch(/^ {2}apply {4}make the fine-tuned model of its base and a delta$/m);
    expect(await peftjs(['delta'])).toMatchObject({ code: 2, stdout: group.stdout });
    expect((await peftjs(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
