// An error as the page shows it: what happened, and what to do about it.

export interface Fault {
  readonly message: string;
  readonly advice: string;
  /** Whether the worker is not to be trusted any more. */
  readonly fatal: boolean;
}

interface Known {
  readonly pattern: RegExp;
  readonly advice: string;
  readonly fatal?: true;
}

/** What to do, by what the message says. The first that fits is taken. */
const KNOWN: readonly Known[] = [
  {
    pattern: /out of memory|allocation failed|out of bounds/i,
    advice: 'Set a smaller batch or shorter sequences and close other tabs. A run that was saved can go on.',
    fatal: true,
  },
  {
    pattern: /device was lost|not to be trusted/,
    advice:
      'The run is kept to its last saved step: continue it. If it happens again, choose WebAssembly and start anew.',
    fatal: true,
  },
  { pattern: /Another tab of this browser/, advice: 'Let it end there, or stop it there and continue it here.' },
  { pattern: /the worker is gone/, advice: 'Try again; reload the page if that does not help.', fatal: true },
  { pattern: /no backend works/, advice: 'Use a newer Chrome, Edge, Firefox or Safari.', fatal: true },
  { pattern: /QuotaExceeded/, advice: 'Delete runs below, or free space on the disk, and continue.' },
  {
    pattern: /has no config\.json|model_type|neither model\.safetensors|no tokenizer\.json/,
    advice: 'Choose a folder with config.json, tokenizer.json and model.safetensors of a Llama or GPT-2.',
  },
  {
    pattern: /has no adapter_\w+\.(json|safetensors)/,
    advice: 'Choose a folder, or a zip of one, with adapter_config.json and adapter_model.safetensors.',
  },
  { pattern: /another base/, advice: 'Choose the model that the adapter was made for.' },
  { pattern: /names no format/, advice: 'Give the file an ending that says what it is: .txt, .jsonl or .csv.' },
  { pattern: /no JSON|does not parse|UTF-8/, advice: 'Mend the file and give it again.' },
];

export function explain(error: unknown): Fault {
  const whole = error instanceof Error ? error.message : String(error);
  const known = KNOWN.find(({ pattern }) => pattern.test(whole));
  return {
    message: whole.replace(/^\[peftjs\/[\w-]+\] /, ''),
    advice: known?.advice ?? '',
    fatal: known?.fatal ?? false,
  };
}
