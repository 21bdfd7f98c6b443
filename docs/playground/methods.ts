// The methods that the page offers: what it says of each, and how each is written in code. `worker/make-method.ts` makes them.

export type MethodName = 'lora' | 'dora' | 'bottleneck' | 'ia3' | 'prefix' | 'prompt';

/** The one number that says how much a method may learn. */
export interface Size {
  readonly label: string;
  readonly start: number;
  readonly most: number;
}

export interface MethodEntry {
  readonly name: MethodName;
  readonly title: string;
  /** One line for whoever has never heard of it. */
  readonly about: string;
  readonly size: Size | null;
  /** Suits the built-in model. */
  readonly learningRate: number;
  readonly code: { readonly from: string; readonly name: string; readonly call: (size: number) => string };
  /** Whether Python's PEFT has it too. */
  readonly inPeft: boolean;
}

export const METHODS: readonly MethodEntry[] = [
  {
    name: 'lora',
    title: 'LoRA',
    about: 'Two thin matrices beside each linear layer. The usual choice.',
    size: { label: 'Rank', start: 8, most: 64 },
    learningRate: 5e-3,
    code: { from: '@peftjs/lora', name: 'lora', call: (r) => `lora({ r: ${r} })` },
    inPeft: true,
  },
  {
    name: 'dora',
    title: 'DoRA',
    about: 'LoRA that learns size and direction apart. Often better at low ranks.',
    size: { label: 'Rank', start: 8, most: 64 },
    learningRate: 5e-3,
    code: { from: '@peftjs/lora', name: 'dora', call: (r) => `dora({ r: ${r} })` },
    inPeft: true,
  },
  {
    name: 'bottleneck',
    title: 'Bottleneck',
    about: 'A small network after each block: narrow it, bend it, widen it again.',
    size: { label: 'Width', start: 16, most: 96 },
    learningRate: 5e-3,
    code: { from: '@peftjs/adapters', name: 'bottleneck', call: (r) => `bottleneck({ r: ${r} })` },
    inPeft: false,
  },
  {
    name: 'ia3',
    title: '(IA)³',
    about: 'One factor for each channel. The smallest of all.',
    size: null,
    learningRate: 5e-2,
    code: { from: '@peftjs/adapters', name: 'ia3', call: () => 'ia3()' },
    inPeft: true,
  },
  {
    name: 'prefix',
    title: 'Prefix',
    about: 'Keys and values of words that were never said, learned in every layer.',
    size: { label: 'Tokens', start: 8, most: 64 },
    learningRate: 5e-2,
    code: { from: '@peftjs/prefix-tuning', name: 'prefixTuning', call: (n) => `prefixTuning({ tokens: ${n} })` },
    inPeft: true,
  },
  {
    name: 'prompt',
    title: 'Prompt',
    about: 'Learned words before your own. The model itself is untouched.',
    size: { label: 'Tokens', start: 8, most: 64 },
    learningRate: 5e-2,
    code: { from: '@peftjs/prefix-tuning', name: 'promptTuning', call: (n) => `promptTuning({ tokens: ${n} })` },
    inPeft: true,
  },
];

export function methodNamed(name: MethodName): MethodEntry {
  return METHODS.find((entry) => entry.name === name) as MethodEntry;
}

/** `LoRA, rank 8` */
export function describeMethod({ method, size }: { readonly method: MethodName; readonly size: number }): string {
  const entry = methodNamed(method);
  return entry.size === null ? entry.title : `${entry.title}, ${entry.size.label.toLowerCase()} ${size}`;
}
