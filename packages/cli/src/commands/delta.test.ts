import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withStaticHost } from '../../../checkpoint/test/static-server.ts';
import { peftjs } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
  // Another model of the same shape stands for a fine-tuned one.
  const other = await makeWorkplace(2);
  cpSync(other.model, place.path('tuned'), { recursive: true });
  other.remove();
});
afterAll(() => place.remove());

const weights = (folder: string) => readFileSync(`${folder}/model.safetensors`);
const delta = (...args: string[]) => peftjs(['delta', ...args]);

describe('delta', () => {
  test('is made, applied, undone, inspected and verified', async () => {
    const [tuned, out] = [place.path('tuned'), place.path('delta')];
    const made = await delta('diff', '--base', place.model, '--tuned', tuned, '--out', out, '--name', 'tiny', '--json');
    expect(made.stderr).toBe('');
    expect(made.objects[0]).toMatchObject({
      action: 'diff',
      base: { name: 'tiny' },
      changed: 15,
      same: 5,
      reversible: true,
    });
    await delta('apply', '--base', place.model, '--delta', out, '--out', place.path('again'));
    expect(weights(place.path('again'))).toEqual(weights(tuned));
    await delta('undo', '--tuned', tuned, '--delta', out, '--out', place.path('back'));
    expect(weights(place.path('back'))).toEqual(weights(place.model));
    const { code, stdout } = await delta('verify', '--delta', out, '--base', place.model);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tensors {2}15 changed, 5 the same, 0 stored whole, 0 gone$/m);
    expect(stdout).toMatch(/^checked {2}every piece, and what applying gives$/m);
    expect((await delta('inspect', '--delta', out)).stdout).toMatch(/^undo {5}gives back the base bit for bit$/m);
  });

  test('says where it is large because numbers are of another type', async () => {
    const [tuned, half] = [place.path('tuned'), place.path('half')];
    await peftjs(['convert', '--model', tuned, '--dtype', 'F16', '--out', half, '--backend', 'cpu']);
    const made = (folder: string) =>
      delta('diff', '--base', place.model, '--tuned', folder, '--out', place.path('other'));
    expect((await made(half)).stdout).toMatch(
      /^note {5}stored whole: 20 tensors of another type, such as F32 in the base and F16 in .* --dtype F32 /m,
    );
    expect((await made(tuned)).stdout).not.toMatch(/^note/m);
  });

  test('is joined with the one that follows it', async () => {
    const [there, back, both] = ['there', 'home', 'both'].map((name) => place.path(name)) as [string, string, string];
    await delta('diff', '--base', place.model, '--tuned', place.path('tuned'), '--out', there);
    await delta('diff', '--base', place.path('tuned'), '--tuned', place.model, '--out', back);
    const joined = await delta('chain', '--delta', there, '--delta', back, '--out', both, '--json');
    expect(joined.objects[0]).toMatchObject({ action: 'chain', changed: 0, same: 20 });
    const one = await delta('chain', '--base', place.model, '--delta', there, '--out', place.path('one'), '--json');
    expect(one.objects[0]).toMatchObject({ action: 'chain', changed: 15, codecs: { exact: { count: 15 } } });
    expect(await delta('chain', '--delta', back, '--delta', back, '--out', place.path('none'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('chain deltas that follow each other'),
    });
  });

  test('runs without the tuned model being written', async () => {
    const [tuned, out] = [place.path('tuned'), place.path('run')];
    await delta('diff', '--base', place.model, '--tuned', tuned, '--out', out);
    const options = ['--prompt', 'The state', '--max-new-tokens', '6', '--backend', 'cpu', '--json'];
    const wanted = await peftjs(['generate', '--model', tuned, ...options]);
    const plain = await peftjs(['generate', '--model', place.model, ...options]);
    const found = await peftjs(['generate', '--model', place.model, '--delta', out, ...options]);
    const text = (ran: typeof found) => ran.objects.at(-1)?.text;
    expect(found.code).toBe(0);
    expect(text(found)).toBe(text(wanted));
    expect(text(found)).not.toBe(text(plain));
  });

  test('is read from a static host, where only what is needed is fetched', async () => {
    const [tuned, made, out] = [place.path('tuned'), place.path('hosted'), place.path('from-host')];
    await delta('diff', '--base', place.model, '--tuned', tuned, '--out', made);
    const files = readdirSync(made).map(
      (name) => [`d/${name}`, new Uint8Array(readFileSync(`${made}/${name}`))] as const,
    );
    await withStaticHost(new Map(files), {}, async ({ url, asked }) => {
      const at = `${url}/d`;
      expect((await peftjs(['inspect', at, '--json'])).objects[0]).toMatchObject({ kind: 'delta', location: at });
      expect(asked.every(({ file, range }) => file !== 'd/delta.safetensors' || range !== null)).toBe(true);
      expect(await delta('apply', '--base', place.model, '--delta', at, '--out', out)).toMatchObject({ code: 0 });
      expect(weights(out)).toEqual(weights(tuned));
      expect(await delta('verify', '--delta', `${url}/e`)).toMatchObject({ code: 1 });
    });
  });

  test('is refused where it is damaged, or the base is another', async () => {
    const [bad, out] = [place.path('bad'), place.path('nothing')];
    await delta('diff', '--base', place.model, '--tuned', place.path('tuned'), '--out', bad);
    const wrong = await delta('apply', '--base', place.path('tuned'), '--delta', bad, '--out', out);
    const ran = await peftjs(['generate', '--model', place.path('tuned'), '--delta', bad, '--prompt', 'The']);
    for (const { code, stderr } of [wrong, ran]) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/was made for .* \(sha256:.*\), .* has sha256:/);
    }
    const file = `${bad}/delta.safetensors`;
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(7, bytes.length - 9));
    const damaged = await delta('verify', '--delta', bad);
    expect(damaged).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/chunk 0 of ".*" has the SHA-256 .* it is damaged/),
    });
  });

  test('is made by any codec, or within a budget, and gives back the base', async () => {
    const [tuned, out] = [place.path('tuned'), place.path('small')];
    const sides = ['--base', place.model, '--tuned', tuned, '--out', out];
    const sizes: number[] = [];
    for (const more of [
      [
        '--codec',
        'low-rank',
        '--rank',
        '2',
        '--codec-for',
        'norm=exact',
        '--codec-for',
        'mlp=dare',
        '--density',
        '0.1',
      ],
      ['--codec', 'int4'],
      ['--budget', '40kB', '--one-way'],
    ]) {
      const made = await delta('diff', ...sides, ...more, '--json');
      expect(made.stderr).toBe('');
      sizes.push((made.objects[0] as { bytes: number }).bytes);
      expect((await delta('verify', '--delta', out, '--base', place.model)).code).toBe(0);
    }
    expect(sizes[2]).toBeLessThanOrEqual(40e3);
    const other = [...sides.slice(0, -1), place.path('kept')];
    const kept = await delta('diff', ...other, '--energy', '99.9%', '--codec', 'int8', '--json');
    expect(kept.objects[0]).toMatchObject({ codecs: { int8: { error: expect.any(Number) } } });
    const { stdout } = await delta('inspect', '--delta', out);
    expect(stdout).toMatch(/^codec .*: \d+ payloads?, .*, at least [\d.]+ % of the energy$/m);
    expect(stdout).toMatch(/^undo {5}cannot give back the base$/m);
  });

  test('becomes a LoRA adapter', async () => {
    const sides = ['--base', place.model, '--tuned', place.path('tuned')];
    const [low, adapter] = [place.path('low'), place.path('adapter')];
    await delta('diff', ...sides, '--out', low, '--codec', 'low-rank', '--rank', '2');
    const made = await delta('to-lora', '--base', place.model, '--delta', low, '--out', adapter, '--json');
    expect(made.stderr).toBe('');
    expect(made.objects.at(-1)).toMatchObject({
      action: 'to-lora',
      kind: 'adapter',
      config: { peft_type: 'LORA', r: 2 },
    });
    expect((await peftjs(['inspect', adapter])).stdout).toMatch(
      /^ {2}target_modules: .*"model\.layers\.\*\.self_attn\.q_proj"/m,
    );
    const plain = await delta('diff', ...sides, '--out', place.path('plain'));
    expect(plain.code).toBe(0);
    expect(await delta('to-lora', '--base', place.model, '--delta', place.path('plain'), '--out', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no matrix of low rank; make it with the codec "low-rank"'),
    });
  });

  test('refuses codecs and options that do not go together', async () => {
    const sides = ['--base', 'x', '--tuned', 'y', '--out', 'z'];
    const refused = async (...args: string[]) => (await delta(...args)).stderr;
    expect(await refused('diff', ...sides, '--codec', 'sign', '--rank', '4')).toContain('--codec sign takes no --rank');
    expect(await refused('diff', ...sides, '--budget', '1MB', '--energy', '0.9')).toContain('not both');
    expect(await refused('diff', ...sides, '--codec', 'dare', '--budget', '1MB')).toContain('dare has one size');
    expect(await refused('diff', ...sides, '--energy', '101%')).toContain('a share, such as 0.999 or 99.9%');
    expect(await refused('diff', ...sides, '--codec-for', 'norm=none')).toContain(
      'it needs PATTERN=CODEC, of the codecs',
    );
    expect(await refused('diff', ...sides, '--codec-for', '(=exact')).toContain('Invalid regular expression');
    expect(await refused('diff', ...sides, '--codec-for', 'a=exact', '--energy', '0.5')).toContain('themselves');
    expect(await refused('diff', ...sides, '--budget', 'much')).toContain('a size, such as 20MB');
    expect(await refused('inspect', '--delta', 'x', '--codec', 'sign')).toContain('unknown option --codec');
  });

  test('is never written over what it is read from', async () => {
    const { model } = place;
    const [tuned, made] = [place.path('tuned'), place.path('apart')];
    await delta('diff', '--base', model, '--tuned', tuned, '--out', made, '--one-way');
    const before = weights(model);
    for (const args of [
      ['diff', '--base', model, '--tuned', tuned, '--out', tuned],
      ['apply', '--base', model, '--delta', made, '--out', model],
      ['undo', '--tuned', tuned, '--delta', made, '--out', `${tuned}/../tuned`],
      ['chain', '--delta', made, '--base', model, '--out', made],
      ['to-lora', '--base', model, '--delta', made, '--out', model],
    ])
      expect(await delta(...args)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('is a folder that is read'),
      });
    expect(weights(model)).toEqual(before);
  });

  test('needs its folders, and no others', async () => {
    expect(await delta('apply', '--base', 'x', '--delta', 'y')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--out DIR is missing: where the fine-tuned model is saved'),
    });
    const twice = ['--delta', 'x', '--delta', 'y'];
    for (const args of [
      ['delta', 'apply', ...twice],
      ['generate', ...twice],
    ])
      expect(await peftjs(args)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /--delta is given twice, as x and as y; .* peftjs delta chain makes one of several/,
        ),
      });
    expect(await delta('inspect', '--delta', 'x', '--base', 'y')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown option --base'),
    });
    expect(await delta('dif')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown command "delta dif"; nearest: "diff"; see peftjs delta --help'),
    });
  });
});
