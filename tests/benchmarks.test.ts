// Every benchmark runs, over the packages' sources, on shapes so small that its times say nothing. What it checks itself
// holds: all engines compute the same, and no step leaves a tensor behind.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const out = mkdtempSync(join(tmpdir(), 'peftjs-benchmarks-'));
const fromSources = ['--conditions=peftjs-source', '--import', join(root, 'tests/fixtures/from-sources.mjs')];

afterAll(() => rmSync(out, { recursive: true }));

interface Result {
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly agreement?: { readonly steps: number; readonly lossError: number };
  readonly absent?: Readonly<Record<string, string>>;
}

function run(name: string, ...args: string[]): Result {
  const script = join(root, 'benchmarks', `${name}.mjs`);
  const done = spawnSync(process.execPath, [...fromSources, script, '--quick', '--out', out, ...args], {
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`${name} failed:\n${done.stdout}${done.stderr}`);
  const folder = name === 'profile-step' ? join(out, 'profiles') : out;
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
}

/** Engines that are not installed are left out; in CI there are none. */
function expectAllThere({ absent }: Result): void {
  if (process.env.CI) expect(absent).toEqual({});
}

describe('benchmarks', { timeout: 180_000 }, () => {
  it('lora-step', () => {
    const result = run('lora-step', '--engines', '2 threads', '--engines', 'plain tfjs wasm');
    expectAllThere(result);
    expect(result.agreement?.steps).toBeGreaterThanOrEqual(4);
    expect(result.results.length).toBeGreaterThanOrEqual(2);
    for (const row of result.results) expect(row.medianMs, String(row.engine)).toBeGreaterThan(0);
    const peak = (engine: string) => Number(result.results.find((row) => row.engine === engine)?.peakBytes);
    expect(peak('peftjs wasm (2 threads)')).toBeLessThan(peak('plain tfjs wasm (1 thread)') / 2);
  });

  it('smollm2-step', () => {
    const result = run('smollm2-step', '--engines', 'torch + peft (2 threads)', '--engines', 'recompute');
    expectAllThere(result);
    expect(result.agreement?.steps).toBeGreaterThanOrEqual(4);
  });

  it('backward', () => {
    const { results } = run('backward', '--backend', 'wasm');
    const peaks = results.map((row) => Number(row.peakBytes));
    expect(peaks).toHaveLength(4);
    expect(peaks).toEqual(peaks.toSorted((a, b) => b - a));
  });

  it('generate', () => {
    const result = run('generate');
    expectAllThere(result);
    expect(result.results.length % 3).toBe(0);
    for (const row of result.results) expect(row.tokensPerSecond, String(row.engine)).toBeGreaterThan(0);
  });

  it('storages', () => {
    const result = run('storages', '--engines', 'wasm', '--storages', 'f32,f16,bf16,int4');
    const bytes = (name: string) =>
      Number(result.results.find((row) => String(row.engine).includes(name))?.weightBytes);
    expect([bytes(', f16'), bytes(', bf16')]).toEqual([bytes('f32') / 2, bytes('f32') / 2]);
    // Not an eighth: in so small a model the tables of levels and the rows' last groups count.
    expect(bytes('int4')).toBeLessThan(bytes('f32') / 3);
  });

  it('quantized-models', () => {
    const [float32, nf4] = run('quantized-models', '--only', 'learn').results;
    expect([float32?.adaptedRatio, float32?.mergeRefused, nf4?.mergeRefused]).toEqual([1, false, true]);
    for (const key of ['perplexity', 'adapted', 'merged'])
      expect(Math.abs(Number(nf4?.[key]) / Number(float32?.[key]) - 1), key).toBeLessThan(0.1);
    expect(Number(nf4?.adapted)).toBeLessThan(Number(nf4?.perplexity));
  });

  it('rounded-kinds', () => {
    const [drawn, embed, queries] = run('rounded-kinds').results;
    for (const row of [embed, queries])
      expect(Number(row?.weightError) / Number(drawn?.weightError), String(row?.engine)).toBeCloseTo(1, 1);
    expect(Number(embed?.perplexityRatio)).toBeGreaterThan(1);
  });

  it('nearer-float32', () => {
    const { results } = run('nearer-float32');
    expect(results.map(({ engine }) => engine)).toEqual(['sotu-3m, errors made up for, CLoQ']);
    const { perplexity, along, adapted } = results[0] as { perplexity: number; along: { 1: number }; adapted: number };
    expect([perplexity, along[1], adapted]).toEqual([perplexity, along[1], adapted].toSorted((a, b) => b - a));
  });

  it('qat', () => {
    const { results } = run('qat');
    expect(results.map((row) => row.engine)).toContain('LoRA at 4 bits');
    for (const row of results) expect(row.trainedRounded, String(row.engine)).toBeGreaterThan(0);
  });

  it('optimizer-state', () => {
    const [whole, coded] = run('optimizer-state').results;
    expect(Number(coded?.stateBytes)).toBeLessThan(Number(whole?.stateBytes) / 2.8);
  });

  it('delta', () => {
    const { results } = run('delta');
    const row = (engine: string) => results.find((one) => one.engine === engine);
    expect(row('exact')?.logitsError).toBe(0);
    expect(Number(row('exact')?.deltaBytes)).toBeLessThan(0.6 * Number(row('gzip over the file')?.deltaBytes));
    expect(Number(row('sign')?.share)).toBeLessThan(1 / 12);
    expect(Number(row('sign, distilled')?.logitsError)).toBeLessThan(Number(row('sign')?.logitsError));
    for (const key of ['diffAddedBytes', 'applyAddedBytes', 'diffCores', 'applyCores'])
      expect(row('exact')?.[key], key).toBeGreaterThan(0);
  });

  it('switch-delta', () => {
    const { results } = run('switch-delta', '--engines', 'wasm (2 threads)');
    const row = (way: string) => results.find(({ engine }) => String(engine).endsWith(way));
    for (const way of ['put on, then taken off', 'one for the other']) {
      expect(Number(row(way)?.ratio), way).toBeLessThan(0.5);
      expect(row(way)?.changeBytes, way).toBe(0);
      // Two deltas, and each is about as large as the model.
      expect(Number(row(way)?.heldBytes) / Number(row(way)?.modelBytes), way).toBeCloseTo(2, 0);
    }
  });

  it('webgpu-step', () => {
    const result = run('webgpu-step');
    expectAllThere(result);
    const [fused, references] = result.results;
    if (references === undefined) return;
    for (const count of ['dispatches', 'pipelines', 'boundBytes'])
      expect(Number(fused?.[count]), count).toBeLessThan(Number(references[count]) / 2);
    expect([fused?.readBytes, references.readBytes]).toEqual([8, 8]);
  });

  it('profile-step', () => {
    const [profile] = run('profile-step', '--engines', 'peftjs wasm (1 thread)').results;
    expect(profile?.kernels).toBeGreaterThan(100);
  });

  it('size', () => {
    const { results } = run('size');
    expect(results.map((row) => row.name)).toContain('core + lora');
  });
});
