// The recipes run, over the packages' sources, and come to what their pages say. The record that a page shows is of the
// recipe as it is now.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findMiniLM } from '../recipes/minilm.mjs';
import { findSmolLM2 } from '../recipes/smollm2-file.mjs';

const root = join(import.meta.dirname, '..');
const out = mkdtempSync(join(tmpdir(), 'peftjs-recipes-'));
const fromSources = ['--conditions=peftjs-source', '--import', join(root, 'tests/fixtures/from-sources.mjs')];

afterAll(() => rmSync(out, { recursive: true }));

interface Row {
  readonly name: string;
  readonly trainable: number;
  readonly bytes: number;
}

interface Record<R extends Row> {
  readonly options: { readonly test: number };
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly result: { readonly rows: readonly R[] };
}

const read = <R extends Row>(file: string): Record<R> => JSON.parse(readFileSync(file, 'utf8'));

function run<R extends Row>(name: string, ...args: string[]): Record<R> {
  const file = join(out, `${name}.json`);
  const script = join(root, `recipes/${name}.mjs`);
  const done = spawnSync(process.execPath, [...fromSources, script, '--out', file, ...args], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${name} failed:\n${done.stdout}${done.stderr}`);
  return read(file);
}

const recorded = <R extends Row>(name: string): Record<R> => read(join(root, `docs/generated/${name}.json`));

function rowsByName<R extends Row>({ result }: Record<R>): (name: string) => R {
  return (name) => {
    const row = result.rows.find((one) => one.name === name);
    if (row === undefined)
      throw new Error(`no row "${name}"; there are ${result.rows.map((one) => one.name).join(', ')}`);
    return row;
  };
}

describe('spam', () => {
  interface MailRow extends Row {
    readonly accuracy: number;
    readonly f1: number;
    readonly matrix: { readonly labels: readonly string[]; readonly counts: readonly (readonly number[])[] };
  }

  function expectGood(record: Record<MailRow>): void {
    const row = rowsByName(record);
    const [always, tuned] = [row('always ham'), row('LoRA')];
    expect(tuned.matrix.counts.flat().reduce((sum, n) => sum + n, 0)).toBe(record.options.test);
    expect(tuned.accuracy).toBeGreaterThanOrEqual(0.95);
    expect(tuned.f1).toBeGreaterThan(0.9);
    expect(tuned.accuracy).toBeGreaterThan(always.accuracy + 0.25);
    expect(always.f1).toBe(0);
    expect(tuned.bytes).toBeLessThan(2e6);
  }

  const there = findMiniLM() !== null;
  if (!there && process.env.CI) throw new Error('all-MiniLM-L6-v2 is not there; run: node recipes/minilm.mjs');

  it.skipIf(!there)(
    'tells spam from ham, having seen the beginnings of some mails once',
    { timeout: 1_800_000 },
    ({ task }) => {
      const record = run<MailRow>('spam', '--quick');
      expectGood(record);
      const { accuracy, f1 } = rowsByName(record)('LoRA');
      Object.assign(task.meta, {
        figure: `spam: accuracy ${accuracy.toFixed(4)}, F1 ${f1.toFixed(4)} on held-out mail`,
      });
    },
  );

  it('is recorded, beside the head trained alone', () => {
    const record = recorded<MailRow>('spam');
    expectGood(record);
    const row = rowsByName(record);
    const frozen = row('frozen encoder, its head trained');
    expect(row('LoRA').accuracy).toBeGreaterThan(frozen.accuracy + 0.02);
    expect(frozen.accuracy).toBeGreaterThan(row('always ham').accuracy + 0.1);
  });
});

describe('vision', () => {
  interface DigitsRow extends Row {
    readonly inverted: number;
    readonly plain: number;
    readonly off: number;
  }

  function expectGood(record: Record<DigitsRow>): void {
    const row = rowsByName(record);
    const [base, whole] = [row('as it was'), row('trained whole')];
    expect(base.plain).toBeGreaterThan(0.92);
    expect(base.inverted).toBeLessThan(0.2);
    expect(whole.inverted).toBeGreaterThan(0.92);
    expect(whole.plain).toBeLessThan(base.plain - 0.2);
    for (const adapter of [row('LoRA'), row('bottleneck')]) {
      expect(adapter.inverted, adapter.name).toBeGreaterThan(0.88);
      expect(adapter.trainable, adapter.name).toBeLessThan(base.trainable / 10);
      expect(adapter.bytes, adapter.name).toBeLessThan(base.bytes / 10);
    }
    for (const adapter of [row('LoRA'), row('bottleneck'), row('(IA)3')]) {
      expect(adapter.inverted, adapter.name).toBeGreaterThan(base.inverted + 0.2);
      expect(adapter.off, adapter.name).toBe(base.plain);
    }
  }

  it('learns inverted digits and keeps plain ones, adapters off', { timeout: 600_000 }, () => {
    const record = run<DigitsRow>('vision');
    expectGood(record);
    expect(record.options).toEqual(recorded('vision').options);
    expect(record.table.head).toEqual(recorded('vision').table.head);
  });

  it('is recorded', () => expectGood(recorded('vision')));
});

describe('smollm2', () => {
  interface NovelistRow extends Row {
    readonly answer: string;
    readonly held: number;
    readonly before: number;
    readonly after: number;
  }

  function expectGood(record: Record<NovelistRow>): void {
    const asStored = rowsByName(record)('as in the file');
    for (const row of record.result.rows) {
      expect(row.answer, row.name).toBe('The capital of France is Paris.');
      expect(row.after, row.name).toBeLessThan(0.95 * row.before);
      // The same numbers, held in another way.
      expect(Math.abs(row.before / asStored.before - 1), row.name).toBeLessThan(1e-4);
    }
    // Of 134,479,872 numbers in matrices; a LoRA is a small share of them.
    expect(asStored.held).toBeLessThan(134_479_872);
    expect(asStored.trainable).toBeLessThan(134_479_872 / 50);
  }

  const there = findSmolLM2() !== null;
  if (!there && process.env.CI)
    throw new Error('SmolLM2-135M-Instruct is not there; run: node recipes/smollm2-file.mjs');

  it.skipIf(!there)('answers, and learns over blocks of 4 bits in a few steps', { timeout: 600_000 }, () =>
    expectGood(run<NovelistRow>('smollm2', '--quick')),
  );

  it('is recorded, over float32 and over the blocks of the file', () => {
    const record = recorded<NovelistRow>('smollm2');
    expectGood(record);
    const row = rowsByName(record);
    expect(row('as in the file').held).toBeLessThan(row('float32').held / 4);
  });
});

describe('delta', () => {
  interface Shipped {
    readonly name: string;
    readonly perplexity: number;
  }
  interface ShippedRecord {
    readonly table: { readonly head: readonly string[] };
    readonly result: { readonly rows: readonly Shipped[]; readonly share: number; readonly lineage: readonly string[] };
  }

  function expectGood({ result }: ShippedRecord): void {
    const [base, first, second, ...others] = result.rows.map(({ perplexity }) => perplexity);
    expect(first).toBeLessThan(base as number);
    expect(second).toBeLessThan(first as number);
    // Pulled and applied, undone, each put on, taken off: the very numbers.
    expect(others).toEqual([second, base, first, second, base]);
    expect(result.share).toBeLessThan(0.75);
    expect(result.lineage.map((line) => /^[ ├└│─]*(base|parent)?/.exec(line)?.[0])).toEqual([
      ...['', '├─ base', '├─ parent', '│  └─ base', '└─ parent', '   └─ base'],
    ]);
  }

  it('brings a model that was trained whole elsewhere, and takes it off again, bit for bit', () => {
    const record = run('delta', '--quick') as unknown as ShippedRecord;
    expectGood(record);
    expect(record.table.head).toEqual(recordedDelta().table.head);
  });

  it('is recorded', () => expectGood(recordedDelta()));

  function recordedDelta(): ShippedRecord {
    return recorded('delta') as unknown as ShippedRecord;
  }
});
