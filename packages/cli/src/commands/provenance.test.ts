// A model trained whole on its way through a team: as a delta that says where it came from, signed, published, pulled.
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { peftjs } from '../../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../../test/tiny-model.ts';

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
  const common = ['--model', place.model, '--data', place.data, '--backend', 'cpu', '--steps', '1', '--length', '8'];
  for (const more of [
    ['--out', place.path('whole'), '--full', '--author', 'us'],
    ['--out', place.path('notes'), '--rank', '1', '--targets', 'q_proj', '--license', 'mit'],
  ])
    expect((await peftjs(['train', ...common, ...more])).stderr).toBe('');
  await run('delta', 'diff', '--base', place.model, '--tuned', place.path('whole'), '--out', place.path('delta'));
}, 60_000);
afterAll(() => place.remove());

/** The one object that a command prints with `--json`. */
async function run(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { code, stderr, objects } = await peftjs([...args, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return objects[0] as Readonly<Record<string, unknown>>;
}

const lines = async (...args: string[]) => (await peftjs(args)).stdout;
const fault = async (...args: string[]) => {
  const { code, stderr } = await peftjs(args);
  expect(code).not.toBe(0);
  return stderr;
};
const copy = (from: string, to: string) => {
  cpSync(place.path(from), place.path(to), { recursive: true });
  return place.path(to);
};

describe('the record', () => {
  test('of a model goes into its delta, and is shown of each', async () => {
    const story = { data: /^sha256:/, tokenizer: /^sha256:/, backend: /^cpu$/, device: /./, author: /^us$/ };
    const matching = Object.fromEntries(Object.entries(story).map(([key, is]) => [key, expect.stringMatching(is)]));
    for (const folder of ['whole', 'delta']) {
      const { kind, provenance } = await run('inspect', place.path(folder));
      expect(kind).toBe(folder === 'whole' ? 'model' : 'delta');
      expect(provenance).toMatchObject({
        ...matching,
        base: { name: place.model },
        result: expect.stringMatching(/^sha256:/),
        seeds: { run: expect.any(Number) },
        metrics: { steps: 1 },
        versions: { node: process.versions.node },
        recipe: { full: true },
      });
    }
    expect(await lines('inspect', place.path('delta'))).toMatch(/^origin\n {2}author: us\n {2}gives: sha256:/m);
    const card = readFileSync(place.path('delta/README.md'), 'utf8');
    expect(card).toMatch(/\n\| Author \| us \|\n/);
    expect(card).toMatch(/\n## Metrics\n\n\| \| \|\n\| --- \| --- \|\n\| lossAfter \| [\d.]+ \|\n/);
  });

  test('of an adapter is shown by the commands of deltas, too', async () => {
    const [one, two] = [
      await run('inspect', place.path('notes')),
      await run('delta', 'inspect', '--delta', place.path('notes')),
    ];
    expect(two).toEqual({ action: 'inspect', ...one });
    expect(one).toMatchObject({ kind: 'adapter', verified: true, provenance: { license: 'mit' } });
    expect(await run('delta', 'verify', '--delta', place.path('notes'))).toMatchObject({
      kind: 'adapter',
      signedBy: null,
    });
    expect(await run('delta', 'log', '--delta', place.path('notes'))).toMatchObject({ lineage: { kind: 'adapter' } });
    const apply = ['--base', place.model, '--delta', place.path('notes'), '--out', place.path('none')];
    expect(await fault('delta', 'apply', ...apply)).toContain(
      'it holds an adapter, which is attached to a model, or merged',
    );
    expect(await fault('generate', '--model', place.path('notes'), '--prompt', 'The')).toMatch(
      /notes has no config\.json; it holds an adapter, which is attached to a model/,
    );
  });
});

describe('log', () => {
  test('shows what is found beside a folder, and what is not as its hash', async () => {
    const merged = place.path('merged');
    const model = ['--model', place.path('whole'), '--backend', 'cpu'];
    const train = ['--data', place.data, '--steps', '1', '--length', '8', '--rank', '1', '--targets', 'q_proj'];
    await peftjs(['train', ...model, ...train, '--out', place.path('on-whole')]);
    await run('merge', ...model, '--adapter', place.path('on-whole'), '--out', merged);
    const tree = (await lines('log', merged)).trimEnd().split('\n');
    expect(tree).toEqual([
      expect.stringMatching(/^\S+merged {2}model {2}sha256:\w{12}…$/),
      expect.stringMatching(/^├─ base {2}\S+(delta|whole) {2}(delta|model) {2}sha256:\w{12}…$/),
      expect.stringMatching(/^│ {2}└─ base {2}\S+model {2}sha256:\w{64}$/),
      expect.stringMatching(/^└─ parent {2}\S+on-whole {2}adapter {2}sha256:\w{12}…$/),
      expect.stringMatching(/^ {3}└─ base {2}\S+(delta|whole) {2}(delta|model) {2}sha256:\w{12}… {2}\(see above\)$/),
    ]);
    mkdirSync(place.path('alone'));
    copy('merged', 'alone/merged');
    const alone = (await lines('log', place.path('alone/merged'))).trimEnd().split('\n');
    expect(alone.slice(1)).toEqual([
      expect.stringMatching(/^├─ base {2}\S+whole {2}sha256:\w{64}$/),
      expect.stringMatching(/^└─ parent {2}sha256:\w{64} {2}\(not found\)$/),
    ]);
    expect((await lines('log', place.path('alone/merged'), '--in', place.folder)).trimEnd().split('\n')).toHaveLength(
      5,
    );
    expect(await fault('log', place.folder)).toContain('holds no adapter, and nothing that says where it came from');
  });
});

describe('keys, sign and verify', () => {
  test('let nothing be loaded that is not as it was signed', async () => {
    const [key, other] = [place.path('a.key'), place.path('b.key')];
    const { publicKey } = await run('keys', key);
    await run('keys', '--out', other);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(await fault('keys', key)).toContain('a.key is there already; choose another name');
    expect(await fault('sign', place.path('notes'), '--key', `${key}.pub`)).toContain('a.key.pub is a public key;');
    for (const name of ['notes', 'delta', 'whole']) {
      const signed = copy(name, `signed-${name}`);
      expect(await run('sign', signed, '--key', key)).toMatchObject({ publicKey });
      expect(await run('verify', signed, '--trusted', `${key}.pub`)).toMatchObject({ signedBy: publicKey });
      expect(await fault('verify', signed, '--trusted', `${other}.pub`)).toContain(`was signed by ${publicKey}, and`);
      const file = name === 'notes' ? 'adapter_model' : name === 'delta' ? 'delta' : 'model';
      const bytes = readFileSync(`${signed}/${file}.safetensors`);
      const bad = copy(`signed-${name}`, `bad-${name}`);
      writeFileSync(`${bad}/${file}.safetensors`, bytes.fill(1, bytes.length - 1));
      expect(await fault('verify', bad)).toMatch(/it was changed or damaged/);
    }
    const trusted = ['--trusted', publicKey as string];
    const on = (adapter: string) => ['--model', place.model, '--adapter', adapter, '--backend', 'cpu', ...trusted];
    const prompt = ['--prompt', 'The', '--max-new-tokens', '1'];
    expect((await peftjs(['generate', ...on(place.path('signed-notes')), ...prompt])).code).toBe(0);
    expect(await fault('generate', ...on(place.path('notes')), ...prompt)).toContain(
      'is not signed, and a signature by',
    );
    expect(await fault('generate', ...on(place.path('bad-notes')), ...prompt)).toContain('when it was signed');
    writeFileSync(place.path('trusted'), `# the team\n\n${publicKey} # and nobody else\n`);
    vi.stubEnv('PEFTJS_TRUSTED', place.path('trusted'));
    expect(await fault('inspect', place.path('notes'))).toContain('is not signed, and a signature by');
    expect(await run('inspect', place.path('signed-notes'))).toMatchObject({ kind: 'adapter' });
    writeFileSync(place.path('trusted'), '# nobody\n');
    expect(await fault('inspect', place.path('signed-notes'))).toContain('trusted has no key; a line is ed25519:');
    vi.unstubAllEnvs();
    const apply = (delta: string) => [
      'delta',
      'apply',
      '--base',
      place.model,
      '--delta',
      delta,
      '--out',
      place.path('again'),
    ];
    expect(await fault(...apply(place.path('delta')), ...trusted)).toContain('is not signed, and a signature by');
    await run(...apply(place.path('signed-delta')), ...trusted);
    expect(await fault('verify', place.path('notes'), '--trusted', 'ed25519:x')).toContain(
      '"ed25519:x" is no public key',
    );
    expect(await fault('verify', place.path('notes'), '--trusted', key)).toContain('is no public key');
  });
});

describe('publish, list and pull', () => {
  test('bring an adapter and a delta to others', async () => {
    const registry = ['--registry', place.path('registry')];
    expect(await run('publish', place.path('notes'), '--name', 'notes', ...registry)).toMatchObject({ version: '1' });
    await run('publish', place.path('delta'), '--name', 'whole', '--version', '2.0', ...registry);
    expect((await lines('list', ...registry)).split('\n')).toEqual([
      expect.stringMatching(
        /^notes@1 {4}adapter +\S+ k?B {2}on \S+model {2}lossAfter [\d.]+, lossBefore [\d.]+, steps 1$/,
      ),
      expect.stringMatching(/^whole@2\.0 {2}delta {4} *\S+ k?B {2}on \S+model {2}lossAfter/),
      '',
    ]);
    expect(await run('list', 'notes', ...registry)).toMatchObject({ releases: [{ name: 'notes', kind: 'adapter' }] });
    expect(await lines('list', '--base', 'nothing', ...registry)).toMatch(/has nothing of the kind\n$/);
    const out = place.path('pulled');
    expect(await run('pull', 'whole', '--out', out, ...registry)).toMatchObject({ kind: 'delta', fetched: true });
    await run('delta', 'verify', '--delta', out, '--base', place.model);
    expect(await run('pull', 'whole', '--offline', ...registry)).toMatchObject({ fetched: false });
    expect(await fault('pull', 'notes', ...registry, '--trusted', `ed25519:${'A'.repeat(43)}=`)).toContain(
      'is not signed',
    );
    const { publicKey } = await run('keys', place.path('publisher.key'));
    const sign = ['--sign', place.path('publisher.key')];
    const signed = await run('publish', place.path('notes'), '--name', 'signed', ...sign, ...registry);
    expect(signed).toMatchObject({ signature: { key: publicKey } });
    const theirs = ['--out', place.path('theirs'), '--trusted', publicKey as string];
    expect(await run('pull', 'signed', ...theirs, ...registry)).toMatchObject({ fetched: true });
    expect(await lines('pull', 'signed', ...registry)).toMatch(/^signed {3}by ed25519:/m);
    expect(await run('verify', place.path('theirs'))).toMatchObject({ signedBy: publicKey });
    expect(await fault('pull', 'note', ...registry)).toContain('nearest: "notes"');
    expect(await fault('list')).toContain('--registry PLACE is missing: a folder or a URL; or set PEFTJS_REGISTRY');
    const found = await lines('log', place.path('alone/merged'), ...registry);
    expect(found).toMatch(/├─ base {2}whole@2\.0 \(\S+\) {2}delta {2}sha256:/);
  });

  test('take a delta of any codec', async () => {
    const small = place.path('small');
    const models = ['--base', place.model, '--tuned', place.path('whole')];
    await run('delta', 'diff', ...models, '--out', small, '--codec', 'sign');
    expect(await run('verify', small, '--base', place.model)).toMatchObject({ kind: 'delta' });
    const { version, kind } = await run('publish', small, '--name', 'small', '--registry', place.path('registry'));
    expect([version, kind]).toEqual(['1', 'delta']);
    const text = ['--prompt', 'The', '--max-new-tokens', '1', '--backend', 'cpu'];
    expect((await peftjs(['generate', '--model', place.model, '--delta', small, ...text])).code).toBe(0);
  });

  test('are for what is whole', async () => {
    const bad = copy('delta', 'bad-piece');
    const file = `${bad}/delta.safetensors`;
    writeFileSync(file, readFileSync(file).fill(1, statSync(file).size - 1));
    expect(await fault('publish', bad, '--name', 'bad', '--registry', place.path('registry-2'))).toContain(
      'it is damaged',
    );
    expect(existsSync(place.path('registry-2'))).toBe(false);
  });
});

test('a wrong base is refused with both fingerprints and the name that the right one has here', async () => {
  await run('inspect', place.model);
  const wrong = ['--base', place.path('whole'), '--delta', place.path('delta'), '--out', place.path('nothing')];
  const said = await fault('delta', 'apply', ...wrong);
  expect(said).toMatch(/was made for "\S+" \(sha256:\w{64}\), \S+ has sha256:\w{64}: .* known here as "\S+model"/);
});
