// An error as the page shows it: what happened, and what to do about it.

export interface Fault {
  readonly message: string;
  readonly advice: string;
}

/** What to do, by what the message says. The first that fits is taken. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /device was lost|numbers are not to be trusted/,
    'The run is kept to its last saved step: continue it, on WebAssembly if it happens again.',
  ],
  [
    /out of memory|Array buffer allocation|memory access out of bounds/i,
    'Set a smaller batch or shorter sequences, close other tabs, and continue.',
  ],
  [/QuotaExceeded/, 'Clear the storage below, or free space on the disk, and continue.'],
  [/the worker is gone/, 'Press Start again; reload the page if that does not help.'],
  [
    /has no config\.json|model_type|has no model\.safetensors|tokenizer\.json/,
    'Choose a folder with config.json, tokenizer.json and model.safetensors of a Llama or GPT-2.',
  ],
  [/no JSON|does not parse|UTF-8/, 'Mend the file and give it again.'],
  [/loss is (NaN|Infinity)|lower the learning rate/, 'Start again with a lower learning rate.'],
];

export function explain(error: unknown): Fault {
  const whole = error instanceof Error ? error.message : String(error);
  const message = whole.replace(/^\[peftjs\/[\w-]+\] /, '');
  return { message, advice: ADVICE.find(([pattern]) => pattern.test(whole))?.[1] ?? '' };
}
