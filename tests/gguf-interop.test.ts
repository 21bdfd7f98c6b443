// An adapter trained on a GGUF file here loads with PEFT in Python onto the model that transformers reads of the same file.
// PEFTJS_ALL_GOLDEN=1: on SmolLM2-135M-Instruct, too, which takes a minute.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { saveAdapter } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { type CausalLM, loadModel, type TokenBatch } from '@peftjs/models';
import { memorySource, openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { constant, train } from '@peftjs/train';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findPython } from '../packages/safetensors/test/python.ts';
import { fetchSmolLM2 } from '../recipes/smollm2-file.mjs';

const root = join(import.meta.dirname, '..');
const FILES = [join(root, 'golden/gguf/llama.gguf'), ...(process.env.PEFTJS_ALL_GOLDEN ? [fetchSmolLM2()] : [])];
const python = findPython('torch', 'peft', 'transformers', 'safetensors', 'gguf');

const shape = [3, 9] as const;
const inputIds = Int32Array.from({ length: shape[0] * shape[1] }, (_, k) => 3 + ((37 * k + k * k) % 300));
const attentionMask = new Int32Array(inputIds.length).fill(1);
const batch: TokenBatch = { inputIds, attentionMask, labels: inputIds, shape };

function logitsOf(model: CausalLM): Float32Array {
  const out = model.logits(batch);
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values;
}

describe.skipIf(!python)('PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
  it.each(FILES)('takes an adapter of every linear layer of %s', { timeout: 300_000 }, async (gguf) => {
    const folder = mkdtempSync(join(tmpdir(), 'peftjs-gguf-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await useBackend(wasm());
    const model = await loadModel(gguf);
    const base = logitsOf(model);
    const adapter = attach(model, lora({ r: 4 }), { seed: 5 });
    for await (const _ of train(
      model,
      { size: 1, get: () => batch },
      { learningRate: 0.01, steps: 2, schedule: constant },
    ));
    const logits = logitsOf(model);
    await saveAdapter(adapter, join(folder, 'adapter'));
    adapter.detach();
    model.dispose();

    const tensors = Object.entries({ input_ids: inputIds, attention_mask: attentionMask });
    const inputs = tensors.map(([name, data]) => ({ name, dtype: 'I32', shape, data }) as const);
    writeFileSync(join(folder, 'inputs.safetensors'), writeSafetensors(inputs));
    const files = ['--inputs', join(folder, 'inputs.safetensors'), '--out', join(folder, 'out.safetensors')];
    const args = ['--base', gguf, '--adapter', join(folder, 'adapter'), ...files];
    const script = join(root, 'python/check_adapter.py');
    const { stdout, stderr } = spawnSync(python as string, [script, ...args], { encoding: 'utf8' });
    expect(stdout, stderr).not.toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, warnings: [], error: null });
    const bytes = new Uint8Array(readFileSync(join(folder, 'out.safetensors')));
    const theirs = await openSafetensors(memorySource('out', bytes));
    expect(relativeError(await theirs.readFloat32('logits_base'), base)).toBeLessThan(TOLERANCES.logits);
    expect(relativeError(await theirs.readFloat32('logits'), logits)).toBeLessThan(TOLERANCES.logits);
    expect(relativeError(base, logits)).toBeGreaterThan(100 * TOLERANCES.logits);
  });
});
