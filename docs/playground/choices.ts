// What is chosen before a run, as plain data: it goes to the worker, into the record of the run and into the snippets.
import { type MethodName, methodNamed } from './methods.ts';

/** `auto`: WebGPU where it works, else WebAssembly. */
export type BackendChoice = 'auto' | 'wasm';

export interface Choices {
  method: MethodName;
  size: number;
  learningRate: number;
  steps: number;
  /** Sequences in a step. */
  batchSize: number;
  /** Tokens in a sequence. */
  length: number;
  /** Steps from one sample of text to the next. */
  sampleEvery: number;
  /** What the samples begin with. */
  prompt: string;
  seed: number;
}

/** Training text under a name that says its format, as `packages/data` reads it. */
export interface TrainingText {
  name: string;
  text: string;
}

/** How many of the sequences are held out: a tenth, but no more than can be gone through many times in a run. */
export const MOST_HELD_OUT = 16;

export function heldOutOf(sequences: number): number {
  return Math.min(MOST_HELD_OUT, Math.max(1, Math.floor(sequences / 10)));
}

/** The settings of a run that are numbers, with the range of each. */
export const NUMBERS = {
  learningRate: { label: 'Learning rate', least: 1e-6, most: 1, whole: false },
  steps: { label: 'Steps', least: 1, most: 5000, whole: true },
  batchSize: { label: 'Batch size', least: 1, most: 32, whole: true },
  length: { label: 'Tokens a sequence', least: 8, most: 1024, whole: true },
  sampleEvery: { label: 'Sample every', least: 1, most: 5000, whole: true },
  seed: { label: 'Seed', least: 1, most: 999_999, whole: true },
} as const satisfies Partial<Record<keyof Choices, NumberRange>>;

interface NumberRange {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

export function firstChoices(): Choices {
  return {
    ...forMethod('lora'),
    steps: 60,
    batchSize: 4,
    length: 64,
    sampleEvery: 20,
    prompt: 'Call me',
    seed: 1,
  };
}

/** What changes with the method. */
export function forMethod(method: MethodName): Pick<Choices, 'method' | 'size' | 'learningRate'> {
  const { size, learningRate } = methodNamed(method);
  return { method, size: size?.start ?? 0, learningRate };
}

/** What is wrong with the choices, or null. */
export function faultOf(choices: Choices): string | null {
  const { size } = methodNamed(choices.method);
  const ranges: Record<string, NumberRange> = { ...NUMBERS };
  if (size !== null) ranges.size = { label: size.label, least: 1, most: size.most, whole: true };
  for (const [name, { label, least, most, whole }] of Object.entries(ranges)) {
    const value: unknown = choices[name as keyof Choices];
    const fits = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (!fits)
      return `${label} is ${value === '' ? 'empty' : value}; give a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`;
  }
  return choices.prompt === '' ? 'The prompt is empty; give the words that samples begin with.' : null;
}

/** The format by what is in it, for text that came without a file's name. */
export function nameTyped(text: string): string {
  return text.trimStart().startsWith('{"') ? 'typed.jsonl' : 'typed.txt';
}
