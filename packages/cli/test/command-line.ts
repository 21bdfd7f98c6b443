// Runs command lines in this process, and keeps what they print.
import { main } from '../src/main.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was printed with `--json`. */
  readonly objects: readonly Readonly<Record<string, unknown>>[];
}

/** Options, but those of `more` in the place of the same ones. */
export function withOptions(common: readonly string[], more: readonly string[]): string[] {
  const isNamed = (one: string | undefined) => one?.startsWith('--') === true && more.includes(one);
  const kept = common.filter((one, i) => !isNamed(one) && (one.startsWith('--') || !isNamed(common[i - 1])));
  return [...kept, ...more];
}

/** @param watch sees each piece of stdout as it comes */
export async function peftjs(
  args: readonly string[],
  signal?: AbortSignal,
  watch?: (piece: string) => void,
): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const code = await main(args, {
    stdout: {
      write: (text) => {
        stdout += text;
        watch?.(text);
      },
    },
    stderr: {
      write: (text) => {
        stderr += text;
      },
    },
    signal: signal ?? new AbortController().signal,
  });
  const lines = args.includes('--json') ? stdout.split('\n').filter((line) => line !== '') : [];
  return { code, stdout, stderr, objects: lines.map((line) => JSON.parse(line)) };
}
