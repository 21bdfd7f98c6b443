// Folders in bitsandbytes' layout are read back here, and by transformers with bitsandbytes, to the same logits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { type CausalLM, loadModel, saveModel } from '@peftjs/models';
import { asStored, byRole, fp4, int8, nf4 } from '@peftjs/quantization';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython, runPython } from '../packages/safetensors/test/python.ts';

const python = findPython('torch', 'transformers', 'accelerate');
const bitsandbytes = process.env.PEFTJS_BITSANDBYTES;
if (process.env.CI && !bitsandbytes) throw new Error('PEFTJS_BITSANDBYTES is not set; .ci/run sets it');

const IDS = Int32Array.from({ length: 24 }, (_, i) => 3 + ((i * 37) % 2000));

function logitsOf(model: CausalLM): Float32Array {
  const out = model.logits({ inputIds: IDS, attentionMask: IDS.map(() => 1), shape: [1, IDS.length] });
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values;
}

/**
 * Prints for each folder the kind of a linear layer, of the output, and the logits; those of int8 without its rounding of what it
 * multiplies by.
 */
const PROGRAM = `
import json, sys, torch
from transformers import AutoModelForCausalLM
for folder in sys.argv[2:]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    kinds = [type(module).__name__ for module in (model.model.layers[0].self_attn.q_proj, model.lm_head)]
    if model.config.quantization_config.load_in_8bit:
        model = model.dequantize(torch.float32)
    with torch.no_grad():
        logits = model(torch.tensor([json.loads(sys.argv[1])])).logits.flatten().tolist()
    print(json.dumps({"kinds": kinds, "logits": logits}))
`;

const CASES = [
  ['nf4, nested', 'Linear4bit', nf4({ doubleQuantization: true })],
  ['nf4 in blocks of 32', 'Linear4bit', nf4({ block: 32 })],
  ['fp4', 'Linear4bit', fp4()],
  ['int8', 'Linear8bitLt', int8()],
] as const;

const root = mkdtempSync(join(tmpdir(), 'peftjs-bitsandbytes-'));
const folderOf = (name: string) => join(root, name.replaceAll(/\W+/g, '-'));

beforeAll(() => useBackend(wasm()));
afterAll(() => rmSync(root, { recursive: true }));

describe('models written in its codes', { timeout: 300_000 }, () => {
  const said = new Map<string, Float32Array>();

  it.each(CASES)('%s is read back here', async (name, _, storage) => {
    const rest = asStored();
    const weights = byRole({ embed: rest, head: rest }, storage);
    const model = await loadModel(join(import.meta.dirname, '../models/sotu-3m'), { weights });
    await saveModel(model, folderOf(name), { dtype: 'F16' });
    const again = await loadModel(folderOf(name), { weights: rest });
    const [own, read] = [model, again].map(logitsOf) as [Float32Array, Float32Array];
    model.dispose();
    again.dispose();
    expect(read).toEqual(own);
    said.set(name, own);
  });

  it.skipIf(python === null || !bitsandbytes)('are read in Python, to the same logits', () => {
    const folders = CASES.map(([name]) => folderOf(name));
    const printed = runPython(python as string, PROGRAM, [JSON.stringify([...IDS]), ...folders], bitsandbytes);
    const lines = printed.trim().split('\n');
    expect(lines.length).toBe(CASES.length);
    for (const [i, [name, kind]] of CASES.entries()) {
      const theirs = JSON.parse(lines[i] as string);
      expect(theirs.kinds, name).toEqual([kind, 'Linear']);
      expect(relativeError(said.get(name) ?? [], theirs.logits), name).toBeLessThanOrEqual(TOLERANCES.logits);
    }
  });
});
