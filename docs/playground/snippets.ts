// The run of the page as a program for Node, and the way into Python.
import { MOST_HELD_OUT } from './choices.ts';
import { methodNamed } from './methods.ts';
import type { RunRecord } from './run-record.ts';

type Told = Pick<RunRecord, 'choices' | 'text' | 'model'>;

/** The folder of a run's adapter: in the zip, and in both snippets. */
export function folderName({ choices }: Pick<RunRecord, 'choices'>): string {
  return `playground-${choices.method}`;
}

/** A program that trains what the page trains: the same data, order and seeds. */
export function nodeSnippet(run: Told): string {
  const { choices, text, model } = run;
  const { code } = methodNamed(choices.method);
  const file = text.name.endsWith('.jsonl') ? 'text.jsonl' : 'text.txt';
  return `import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { saveAdapter } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { createBatches, readExamples, tokenizeExamples } from '@peftjs/data';
import { loadModel } from '@peftjs/models';
import { ${code.name} } from '${code.from}';
import { train } from '@peftjs/train';

await useBackend(wasm());
const model = await loadModel('${model.name}');
const { tokenizer } = model;

// The text of the page, in ${file}. A tenth is held out.
const sequences = await tokenizeExamples(readExamples('${file}'), tokenizer, {
  maxLength: ${choices.length},
  chunk: ${choices.length},
  truncate: true,
});
const held = Math.min(${MOST_HELD_OUT}, Math.max(1, Math.floor(sequences.length / 10)));
const options = { batchSize: ${choices.batchSize}, padId: tokenizer.padId, seed: ${choices.seed} };
const batches = createBatches(sequences.slice(0, -held), options);
const heldOut = createBatches(sequences.slice(-held), { ...options, shuffle: false });

const adapter = attach(model, ${code.call(choices.size)}, { name: '${choices.method}', seed: ${choices.seed} });
const run = train(model, batches, {
  learningRate: ${choices.learningRate},
  steps: ${choices.steps},
  seed: ${choices.seed},
  evaluate: { batches: heldOut },
});
for await (const event of run) {
  if (event.type === 'step') console.log(event.step, event.loss);
  if (event.type === 'evaluation') console.log('held out', event.loss);
}
await saveAdapter(adapter, '${folderName(run)}');
`;
}

/** How Python's PEFT takes the adapter, or what it says instead where it has no such method. */
export function pythonSnippet(run: Told): string {
  const { title, inPeft } = methodNamed(run.choices.method);
  if (!inPeft) {
    return `# PEFT has no method like ${title}: peftjs alone reads this adapter.\n# Any other method of this page loads in Python.\n`;
  }
  return `from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained("${run.model.name}")
tokenizer = AutoTokenizer.from_pretrained("${run.model.name}")
model = PeftModel.from_pretrained(base, "${folderName(run)}")  # the unpacked zip

text = (tokenizer.bos_token or "") + ${JSON.stringify(run.choices.prompt)}
prompt = tokenizer(text, add_special_tokens=False, return_tensors="pt")
print(tokenizer.decode(model.generate(**prompt, max_new_tokens=48)[0]))
`;
}
