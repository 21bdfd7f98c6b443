// Folders in bitsandbytes' layout load with transformers in Python, and give the same logits. PEFTJS_BITSANDBYTES: a Python with
// torch, transformers, accelerate and bitsandbytes, which is not among the requirements.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { type CausalLM, loadModel, saveModel } from '@peftjs/models';
import { asStored, byRole, fp4, int8, nf4 } from '@peftjs/quantization';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { expect, it, onTestFinished } from 'vitest';
import { runPython } from '../packages/safetensors/test/python.ts';

const python = process.env.PEFTJS_BITSANDBYTES;

const IDS = Int32Array.from({ length: 24 }, (_, i) => 3 + ((i * 37) % 2000));

function logitsOf(model: CausalLM): Float32Array {
  const out = model.logits({ inputIds: IDS, attentionMask: IDS.map(() => 1), shape: [1, IDS.length] });
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values;
}

/** Prints the kind of a linear layer, of the output, and the logits; those of int8 without its rounding of what it multiplies by. */
const PROGRAM = `
import json, sys, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
kinds = [type(module).__name__ for module in (model.model.layers[0].self_attn.q_proj, model.lm_head)]
if model.config.quantization_config.load_in_8bit:
    model = model.dequantize(torch.float32)
with torch.no_grad():
    logits = model(torch.tensor([json.loads(sys.argv[2])])).logits.flatten().tolist()
print(json.dumps({"kinds": kinds, "logits": logits}))
`;

it.each([
  ['nf4, nested', 'Linear4bit', nf4({ doubleQuantization: true })],
  ['nf4 in blocks of 32', 'Linear4bit', nf4({ block: 32 })],
  ['fp4', 'Linear4bit', fp4()],
  ['int8', 'Linear8bitLt', int8()],
] as const)(
  '%s is read back here, and in Python where there is one',
  { timeout: 300_000 },
  async (_, kind, storage) => {
    const folder = mkdtempSync(join(tmpdir(), 'peftjs-bitsandbytes-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await useBackend(wasm());
    const rest = asStored();
    const weights = byRole({ embed: rest, head: rest }, storage);
    const model = await loadModel(join(import.meta.dirname, '../models/sotu-3m'), { weights });
    await saveModel(model, folder, { dtype: 'F16' });
    const again = await loadModel(folder, { weights: rest });
    const [own, read] = [model, again].map(logitsOf) as [Float32Array, Float32Array];
    model.dispose();
    again.dispose();
    expect(read).toEqual(own);
    if (!python) return;
    const theirs = JSON.parse(runPython(python, PROGRAM, [folder, JSON.stringify([...IDS])]));
    expect(theirs.kinds).toEqual([kind, 'Linear']);
    expect(relativeError(own, theirs.logits)).toBeLessThanOrEqual(TOLERANCES.logits);
  },
);
