// Pretrains the base model from random weights with the project's own trainer, on the speeches that corpus.mjs exports.
// Writes model.safetensors (float16), the loss curve and the held-out perplexity beside this file. It takes an hour or so
// on two cores, saves every 200 steps, and goes on where it stopped when it is run again.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { useBackend } from '@peftjs/backend';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { stateStore } from '@peftjs/checkpoint';
import { createBatches, readExamples, tokenizeExamples } from '@peftjs/data';
import { createTokenizer, generateText, llama, randomSource, saveModel } from '@peftjs/models';
import { adamw, cosine, train } from '@peftjs/train';

const RECIPE = {
  steps: 2400,
  batchSize: 8,
  length: 256,
  learningRate: 3e-3,
  warmup: 200,
  floor: 0.05,
  weightDecay: 0.1,
  beta2: 0.95,
  seed: 1,
};
const { values } = parseArgs({ options: { steps: { type: 'string' }, out: { type: 'string' } } });
const recipe = { ...RECIPE, steps: Number(values.steps ?? RECIPE.steps) };

const here = (name) => new URL(name, import.meta.url).pathname;
const json = async (name) => JSON.parse(await readFile(here(name), 'utf8'));
const out = values.out ?? here('.cache/pretrained');

const { backend, device, rejected } = await useBackend([node(), wasm()]);
console.log(`${backend}, ${device}`, rejected);
const config = await json('config.json');
const tokenizer = createTokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'));
const base = { name: 'sotu-3m', fingerprint: async () => 'sha256:untrained' };
const model = await llama.load({ config, source: randomSource(recipe.seed, 0.02), base, tokenizer });

async function batchesOf(split, shuffle) {
  const examples = readExamples(here(`.cache/sotu/${split}.jsonl`));
  const sequences = await tokenizeExamples(examples, tokenizer, { maxLength: recipe.length, chunk: recipe.length });
  return createBatches(sequences, { batchSize: recipe.batchSize, padId: tokenizer.padId, seed: recipe.seed, shuffle });
}

const curve = [];
const options = {
  trainable: model.parameters(),
  learningRate: recipe.learningRate,
  steps: recipe.steps,
  optimizer: adamw({ beta2: recipe.beta2, weightDecay: recipe.weightDecay }),
  schedule: cosine({ warmup: recipe.warmup, floor: recipe.floor }),
  evaluate: { batches: await batchesOf('valid', false), every: 500 },
  store: stateStore(`${out}-run`),
  saveEvery: 200,
};
for await (const event of train(model, await batchesOf('train', true), options)) {
  if (event.type === 'step' && event.step % 20 === 0) {
    const { step, loss, learningRate, tokensPerSecond, peakBytes } = event;
    curve.push({ step, loss: Number(loss.toFixed(4)) });
    console.log(
      `${step} loss ${loss.toFixed(4)} lr ${learningRate.toExponential(2)} ${tokensPerSecond.toFixed(0)} tokens/s ${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
    );
  }
  if (event.type === 'evaluation') {
    curve.push({
      step: event.step,
      heldOutLoss: Number(event.loss.toFixed(4)),
      heldOutPerplexity: Number(event.perplexity.toFixed(2)),
    });
    console.log(`held out: loss ${event.loss.toFixed(4)}, perplexity ${event.perplexity.toFixed(2)}`);
  }
}
console.log(await generateText(model, 'Fellow citizens', { maxNewTokens: 60, temperature: 0.8, topP: 0.9, seed: 1 }));
await mkdir(out, { recursive: true });
await saveModel(model, `${out}/model`, { dtype: 'F16' });
await copyFile(`${out}/model/model.safetensors`, here('model.safetensors'));
await writeFile(here('pretraining.json'), `${JSON.stringify({ recipe, backend, device, curve }, null, 1)}\n`);
