// What only a process of its own can show: Ctrl-C, the backends of `doctor`, another backend than this process's.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorkplace, type Workplace } from '../test/tiny-model.ts';

const script = new URL('../test/run-from-source.mjs', import.meta.url).pathname;
const loader = new URL('../test/source-loader.mjs', import.meta.url).href;

let place: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
}, 60_000);
afterAll(() => place.remove());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** Sends Ctrl-C once stdout holds this. */
  readonly interrupt?: RegExp;
  readonly nodeOptions?: readonly string[];
}

function run(args: readonly string[], { interrupt, nodeOptions = [] }: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [
      ...nodeOptions,
      '--conditions=peftjs-source',
      '--import',
      loader,
      script,
      ...args,
    ]);
    let [stdout, stderr, sent] = ['', '', false];
    child.stdout.on('data', (piece: Buffer) => {
      stdout += piece.toString();
      if (interrupt === undefined || sent || !interrupt.test(stdout)) return;
      sent = true;
      child.kill('SIGINT');
    });
    child.stderr.on('data', (piece: Buffer) => {
      stderr += piece.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

test('Ctrl-C saves the run, and it goes on to the same adapter', async () => {
  const train = (out: string, ...more: string[]) => {
    const options = ['--batch-size', '1', '--length', '8', '--epochs', '4', '--backend', 'wasm', '--threads', '1'];
    return [
      'train',
      '--model',
      place.model,
      '--data',
      place.data,
      '--out',
      place.path(out),
      ...options,
      '--log-every',
      '1',
      ...more,
    ];
  };
  const whole = await run(train('whole'));
  expect(whole.stderr).toBe('');
  const stopped = await run(train('stopped'), { interrupt: /^step +3\//m });
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toMatch(/interrupted after step \d+; the run is saved in .*stopped\.run/);
  expect(existsSync(place.path('stopped'))).toBe(false);
  const rest = await run(train('stopped', '--resume'));
  expect(rest.stdout).toMatch(/^goes on after step \d+$/m);
  const steps = ({ stdout }: Ended) =>
    stdout.split('\n').flatMap((line) => /^step +(\d+\/\d+ +loss [\d.]+)/.exec(line)?.[1] ?? []);
  expect([...steps(stopped), ...steps(rest)]).toEqual(steps(whole));
  const weights = (out: string) => readFileSync(place.path(`${out}/adapter_model.safetensors`));
  expect(weights('stopped').equals(weights('whole'))).toBe(true);
});

test('doctor checks each backend in a process of its own', async () => {
  const { code, stdout, stderr } = await run(['doctor', '--backend', 'wasm,cpu', '--threads', '1', '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    node: process.versions.node,
    cores: expect.any(Number),
    chosen: 'wasm',
    passed: true,
    backends: [
      { name: 'wasm', status: 'works', threads: 1, reason: null },
      { name: 'cpu', status: 'works', reason: null },
    ],
  });
});

test('doctor fails where the default backend does not work', async () => {
  const { code, stdout } = await run(['doctor', '--backend', 'wasm,cpu'], { nodeOptions: ['--no-expose-wasm'] });
  expect(stdout).toMatch(/^wasm {5}not here: there is no WebAssembly here$/m);
  expect(stdout).toMatch(/^cpu {6}works: /m);
  expect(code).toBe(3);
});
