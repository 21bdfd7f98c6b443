// Adapters go both ways between this library and PEFT in Python: what is written here loads there without one warning
// and gives the same logits, and what is written there loads here.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { diskFolder, loadAdapter, saveAdapter } from '@peftjs/checkpoint';
import { attach, type Family, type Method, restore } from '@peftjs/core';
import { type CausalLM, gpt2, llama, loadModel, randomSource, saveModel, type TokenBatch } from '@peftjs/models';
import { memorySource, openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { constant, meanLoss, train } from '@peftjs/train';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython } from '../../packages/safetensors/test/python.ts';

const python = findPython('torch', 'peft', 'transformers', 'safetensors');

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 48,
  hidden_size: 24,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
};

/** As a GPT-2, whose linear layers are Conv1D. */
export const GPT2: Readonly<Record<string, unknown>> = {
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  vocab_size: 48,
  n_embd: 24,
  n_inner: 32,
  n_layer: 2,
  n_head: 4,
  n_positions: 32,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
  tie_word_embeddings: true,
};

interface Case {
  readonly methods: () => Method | readonly Method[];
  /** What is other in the Llama's configuration, or a GPT-2's. */
  readonly model?: Readonly<Record<string, unknown>>;
  /** Not everything can be merged by PEFT. */
  readonly merged?: boolean;
  /** What PEFT warns of whoever wrote the folder. */
  readonly allow?: string;
}

const LENGTHS = [9, 6, 1];
const T = Math.max(...LENGTHS);
const ids = Int32Array.from({ length: LENGTHS.length * T }, (_, k) => 3 + ((7 * k + k * k) % 45));
const real = (k: number) => k % T < (LENGTHS[Math.floor(k / T)] as number);
const BATCH: TokenBatch & { readonly labels: Int32Array; readonly tasks: Int32Array } = {
  inputIds: ids.map((id, k) => (real(k) ? id : 0)),
  attentionMask: ids.map((_, k) => (real(k) ? 1 : 0)),
  labels: ids.map((id, k) => (real(k) ? id : -100)),
  tasks: Int32Array.from([1, 0, 1]),
  shape: [LENGTHS.length, T],
};

interface Computed {
  readonly base: Float32Array;
  readonly logits: Float32Array;
  readonly loss: number;
}

function logitsOf(model: CausalLM, batch: TokenBatch): Float32Array {
  const out = model.logits(batch);
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values;
}

async function readTensors(path: string) {
  return openSafetensors(memorySource(path, readFileSync(path)));
}

/** Trains an adapter for two steps, so that nothing is as it started, and saves it beside its base. */
async function write(folder: string, { methods, model: more = {} }: Case): Promise<Computed> {
  const [family, config] = more === GPT2 ? [gpt2, GPT2] : [llama, { ...CONFIG, ...more }];
  const about = { name: '', fingerprint: async () => 'sha256:0' };
  const fresh = await family.load({ config, source: randomSource(3, 0.25), base: about, tokenizer: null });
  await saveModel(fresh, join(folder, 'base'));
  fresh.dispose();
  const model = await loadModel(diskFolder(join(folder, 'base')));
  const base = logitsOf(model, BATCH);
  const adapter = attach(model, methods(), { seed: 5 });
  const options = { learningRate: 0.05, steps: 2, schedule: constant };
  for await (const _ of train(model, { size: 1, get: () => BATCH }, options));
  const logits = logitsOf(model, BATCH);
  const loss = await meanLoss(model, { size: 1, get: () => BATCH });
  await saveAdapter(adapter, join(folder, 'adapter'));
  adapter.detach();
  model.dispose();
  return { base, logits, loss };
}

export interface Interop {
  /** What reads their folders here. */
  readonly families: readonly Family[];
  /** Adapters that are written here. */
  readonly ours: Readonly<Record<string, Case>>;
  /** Adapters that PEFT writes: arguments of python/make_adapter.py. */
  readonly theirs: Readonly<Record<string, readonly string[]>>;
}

/** Takes adapters to PEFT and back, in one Python process. */
export function describeInterop({ families, ours: OURS, theirs: THEIRS }: Interop): void {
  describe.skipIf(!python)('PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
    const root = mkdtempSync(join(tmpdir(), 'peftjs-interop-'));
    const ours = (name: string) => join(root, 'ours', name.replaceAll(/\W/g, '-'));
    const theirs = (name: string) => join(root, 'theirs', name.replaceAll(/\W/g, '-'));
    const computed = new Map<string, Computed>();
    const reports = new Map<
      string,
      {
        readonly ok: boolean;
        readonly warnings: readonly string[];
        readonly error: string | null;
        readonly loss: number;
      }
    >();

    beforeAll(async () => {
      await useBackend(cpu());
      for (const [name, one] of Object.entries(OURS)) computed.set(name, await write(ours(name), one));
      const inputs = join(root, 'inputs.safetensors');
      const { inputIds: input_ids, attentionMask: attention_mask, labels, tasks: task_ids, shape } = BATCH;
      const tensors = Object.entries({ input_ids, attention_mask, labels }).map(
        ([name, data]) => ({ name, dtype: 'I32', shape, data }) as const,
      );
      const tasks = { name: 'task_ids', dtype: 'I32', shape: [LENGTHS.length], data: task_ids } as const;
      writeFileSync(inputs, writeSafetensors([...tensors, tasks]));
      const checks = Object.entries(OURS).map(([name, { merged, allow }]) => [
        ...['check_adapter', '--base', join(ours(name), 'base'), '--adapter', join(ours(name), 'adapter')],
        ...['--inputs', inputs, '--out', join(ours(name), 'out.safetensors')],
        ...(merged ? ['--merged'] : []),
        ...(allow ? ['--allow', allow] : []),
      ]);
      const makes = Object.entries(THEIRS).map(([name, args]) => [
        'make_adapter',
        '--out',
        theirs(name),
        '--seed',
        '7',
        ...args,
      ]);
      const script = fileURLToPath(new URL('../../python/many.py', import.meta.url));
      const input = [...checks, ...makes].map((job) => JSON.stringify(job)).join('\n');
      const printed = execFileSync(python as string, [script], { input, encoding: 'utf8', stdio: 'pipe' });
      const lines = printed.trim().split('\n');
      for (const [i, name] of Object.keys(OURS).entries()) reports.set(name, JSON.parse(lines[i] as string));
    }, 150_000);
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    describe('takes from here', () => {
      test.each(Object.entries(OURS))('%s', async (name, { merged }) => {
        const { base, logits, loss } = computed.get(name) as Computed;
        expect(reports.get(name)).toMatchObject({ ok: true, warnings: [], error: null });
        const out = await readTensors(join(ours(name), 'out.safetensors'));
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
      test.each(Object.keys(THEIRS))('%s', async (name) => {
        const expected = await readTensors(join(theirs(name), 'expect.safetensors'));
        const shape = expected.tensors.get('input_ids')?.shape as TokenBatch['shape'];
        const [inputIds, attentionMask, labels] = await Promise.all(
          ['input_ids', 'attention_mask', 'labels'].map((key) => expected.readInt32(key)),
        );
        const tasks = expected.tensors.has('task_ids') ? { tasks: await expected.readInt32('task_ids') } : {};
        const batch = { inputIds, attentionMask, labels, shape, ...tasks } as TokenBatch;
        const model = await loadModel(diskFolder(join(theirs(name), 'base')));
        expect(relativeError(logitsOf(model, batch), await expected.readFloat32('logits_base'))).toBeLessThan(
          TOLERANCES.logits,
        );
        const adapter = await restore(model, await loadAdapter(join(theirs(name), 'adapter')), families);
        const logits = await expected.readFloat32('logits');
        expect(relativeError(logitsOf(model, batch), logits)).toBeLessThan(TOLERANCES.logits);
        const loss = await meanLoss(model, { size: 1, get: () => batch });
        expect(relativeError([loss], await expected.readFloat32('loss'))).toBeLessThan(TOLERANCES.loss);
        expect(relativeError(logits, await expected.readFloat32('logits_base'))).toBeGreaterThan(
          100 * TOLERANCES.logits,
        );
        adapter.detach();
        model.dispose();
      });
    });
  });
}
