// Every command, each loaded only when it is run.
import type { Command } from './command.ts';
import type { CommandGroup } from './command-group.ts';

export interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command | CommandGroup>;
}

export const commands: readonly ListedCommand[] = [
  {
    name: 'train',
    summary: 'fine-tune a model on your text',
    load: async () => (await import('./commands/train.ts')).train,
  },
  {
    name: 'eval',
    summary: 'loss and perplexity on held-out text, with and without an adapter',
    load: async () => (await import('./commands/eval.ts')).evaluate,
  },
  {
    name: 'generate',
    summary: 'continue a prompt',
    load: async () => (await import('./commands/generate.ts')).generate,
  },
  {
    name: 'merge',
    summary: 'fold an adapter into its base model',
    load: async () => (await import('./commands/merge.ts')).mergeAdapter,
  },
  {
    name: 'quantize',
    summary: 'keep a model in codes of 4 or 8 bits, as bitsandbytes has them',
    load: async () => (await import('./commands/quantize.ts')).quantize,
  },
  {
    name: 'convert',
    summary: 'save a GGUF file or a quantized folder as a folder of numbers',
    load: async () => (await import('./commands/convert.ts')).convert,
  },
  {
    name: 'inspect',
    summary: 'say what is in an adapter, a delta, a model or a safetensors file',
    load: async () => (await import('./commands/inspect.ts')).inspect,
  },
  {
    name: 'delta',
    summary: 'keep a fine-tuned model as its difference from the base',
    load: async () => (await import('./commands/delta.ts')).delta,
  },
  {
    name: 'verify',
    summary: 'check an adapter, a delta or a model against its hashes and its signature',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'log',
    summary: 'say what an adapter, a delta or a model was made of',
    load: async () => (await import('./commands/log.ts')).log,
  },
  {
    name: 'keys',
    summary: 'make a key pair to sign with',
    load: async () => (await import('./commands/keys.ts')).keys,
  },
  {
    name: 'sign',
    summary: 'vouch for every file of an adapter, a delta or a model',
    load: async () => (await import('./commands/sign.ts')).sign,
  },
  {
    name: 'publish',
    summary: 'put an adapter or a delta into a registry',
    load: async () => (await import('./commands/publish.ts')).publish,
  },
  {
    name: 'pull',
    summary: 'bring an adapter or a delta out of a registry',
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  {
    name: 'list',
    summary: 'list what a registry has',
    load: async () => (await import('./commands/list.ts')).list,
  },
  {
    name: 'doctor',
    summary: 'say which backends work here, and why others do not',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'parity',
    summary: 'compare with what Hugging Face PEFT computed',
    load: async () => (await import('./commands/parity.ts')).parity,
  },
];
