// Adapters go both ways between this library and PEFT in Python: what is written here loads there without one warning
// and gives the same logits, and what is written there loads here. A package calls it on the adapters of its methods.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { diskFolder, loadAdapter } from '@peftjs/checkpoint';
import { type Family, type Method, restore } from '@peftjs/core';
import { loadModel, type TokenBatch } from '@peftjs/models';
import { memorySource, openSafetensors, type SafetensorsFile, writeSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { meanLoss } from '@peftjs/train';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython } from '../../safetensors/test/python.ts';
import { BATCH, type Computed, LENGTHS, logitsOf, trainAndSave } from './interop-model.ts';

export { GPT2 } from './interop-model.ts';

/** An adapter that is made here. */
export interface Ours {
  readonly methods: () => Method | readonly Method[];
  /** What is other in the Llama's configuration, or `GPT2`. */
  readonly model?: Readonly<Record<string, unknown>>;
  /** Not everything can be merged by PEFT. */
  readonly merged?: boolean;
  /** What PEFT warns of whoever wrote the folder, as a regular expression. */
  readonly allow?: string;
}

/** An adapter that PEFT makes: arguments of `python/make_adapter.py` beside the folder and the seed. */
export type Theirs = readonly string[];

export interface Interop {
  /** What reads their adapters. */
  readonly families: readonly Family[];
  readonly ours: Readonly<Record<string, Ours>>;
  readonly theirs: Readonly<Record<string, Theirs>>;
}

const python = findPython('torch', 'peft', 'transformers', 'safetensors');
const MANY = fileURLToPath(new URL('../../../python/many.py', import.meta.url));

function readTensors(path: string): Promise<SafetensorsFile> {
  return openSafetensors(memorySource(path, readFileSync(path)));
}

function writeBatch(path: string): void {
  const { inputIds: input_ids, attentionMask: attention_mask, labels, tasks: task_ids, shape } = BATCH;
  const tensors = Object.entries({ input_ids, attention_mask, labels }).map(
    ([name, data]) => ({ name, dtype: 'I32', shape, data }) as const,
  );
  const tasks = { name: 'task_ids', dtype: 'I32', shape: [LENGTHS.length], data: task_ids } as const;
  writeFileSync(path, writeSafetensors([...tensors, tasks]));
}

/** Runs scripts of `python/`, one job a line, and gives the report of each. */
function runJobs(jobs: readonly (readonly string[])[]): readonly unknown[] {
  const input = jobs.map((job) => JSON.stringify(job)).join('\n');
  const printed = execFileSync(python as string, [MANY], { input, encoding: 'utf8', stdio: 'pipe' });
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Call at the top of a test file. */
export function describeInterop({ families, ours, theirs }: Interop): void {
  describe.skipIf(!python)('PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
    const root = mkdtempSync(join(tmpdir(), 'peftjs-interop-'));
    const ourFolder = (name: string) => join(root, 'ours', name.replaceAll(/\W/g, '-'));
    const theirFolder = (name: string) => join(root, 'theirs', name.replaceAll(/\W/g, '-'));
    const computed = new Map<string, Computed>();
    const reports = new Map<string, unknown>();

    beforeAll(async () => {
      await useBackend(cpu());
      for (const [name, { methods, model }] of Object.entries(ours)) {
        computed.set(name, await trainAndSave(ourFolder(name), methods(), model));
      }
      const inputs = join(root, 'inputs.safetensors');
      writeBatch(inputs);
      const checks = Object.entries(ours).map(([name, { merged, allow }]) => [
        ...['check_adapter', '--base', join(ourFolder(name), 'base'), '--adapter', join(ourFolder(name), 'adapter')],
        ...['--inputs', inputs, '--out', join(ourFolder(name), 'out.safetensors')],
        ...(merged ? ['--merged'] : []),
        ...(allow ? ['--allow', allow] : []),
      ]);
      const makes = Object.entries(theirs).map(([name, args]) => [
        ...['make_adapter', '--out', theirFolder(name), '--seed', '7'],
        ...args,
      ]);
      const found = runJobs([...checks, ...makes]);
      for (const [i, name] of Object.keys(ours).entries()) reports.set(name, found[i]);
    }, 150_000);
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    describe('takes from here', () => {
      test.each(Object.entries(ours))('%s', async (name, { merged }) => {
        const { base, logits, loss } = computed.get(name) as Computed;
        expect(reports.get(name)).toMatchObject({ ok: true, warnings: [], error: null });
        const out = await readTensors(join(ourFolder(name), 'out.safetensors'));
        expect(relativeError(await out.readFloat32('logits_base'), base)).toBeLessThan(TOLERANCES.logits);
        expect(relativeError(await out.readFloat32('logits'), logits)).toBeLessThan(TOLERANCES.logits);
        expect(relativeError(await out.readFloat32('loss'), [loss])).toBeLessThan(TOLERANCES.loss);
        if (merged)
          expect(relativeError(await out.readFloat32('logits_merged'), logits)).toBeLessThan(TOLERANCES.logits);
        // And the adapter counts: without it the logits are others.
        expect(relativeError(base, logits)).toBeGreaterThan(100 * TOLERANCES.logits);
      });
    });

    describe('gives to here', () => {
      test.each(Object.keys(theirs))('%s', async (name) => {
        const expected = await readTensors(join(theirFolder(name), 'expect.safetensors'));
        const shape = expected.tensors.get('input_ids')?.shape as TokenBatch['shape'];
        const [inputIds, attentionMask, labels] = await Promise.all(
          ['input_ids', 'attention_mask', 'labels'].map((key) => expected.readInt32(key)),
        );
        const tasks = expected.tensors.has('task_ids') ? { tasks: await expected.readInt32('task_ids') } : {};
        const batch = { inputIds, attentionMask, labels, shape, ...tasks } as TokenBatch;
        const model = await loadModel(diskFolder(join(theirFolder(name), 'base')));
        const base = await expected.readFloat32('logits_base');
        expect(relativeError(logitsOf(model, batch), base)).toBeLessThan(TOLERANCES.logits);
        const adapter = await restore(model, await loadAdapter(join(theirFolder(name), 'adapter')), families);
        const logits = await expected.readFloat32('logits');
        expect(relativeError(logitsOf(model, batch), logits)).toBeLessThan(TOLERANCES.logits);
        const loss = await meanLoss(model, { size: 1, get: () => batch });
        expect(relativeError([loss], await expected.readFloat32('loss'))).toBeLessThan(TOLERANCES.loss);
        expect(relativeError(logits, base)).toBeGreaterThan(100 * TOLERANCES.logits);
        adapter.detach();
        model.dispose();
      });
    });
  });
}
