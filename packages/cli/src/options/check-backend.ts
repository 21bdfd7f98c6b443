// Whether one backend works here, found out in a process of its own: a process keeps the backend it has started.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gradientSelfTest, useBackend } from '@peftjs/backend';
import { makeBackend } from './backend-options.ts';

export interface BackendCheck {
  readonly name: string;
  /** `absent`: it is not here, which is no fault; `fails`: it is here and does not work. */
  readonly status: 'works' | 'absent' | 'fails';
  /** Why it does not work. */
  readonly reason: string | null;
  readonly device: string | null;
  readonly threads: number | null;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Checks a backend in this process.
 * @public for the process that `checkBackend` starts
 */
export async function checkHere(name: string, threads?: number): Promise<BackendCheck> {
  const nothing = { name, device: null, threads: null, details: {} };
  const backend = await makeBackend(name, threads);
  const obstacle = await backend.probe();
  if (obstacle !== null) return { ...nothing, status: 'absent', reason: obstacle };
  try {
    const found = await useBackend(backend);
    const fault = await gradientSelfTest();
    const { device, details } = found;
    return { name, status: fault === null ? 'works' : 'fails', reason: fault, device, threads: found.threads, details };
  } catch (error) {
    return { ...nothing, status: 'fails', reason: (error as Error).message };
  }
}

/** Checks a backend in a process of its own, which may crash. */
export async function checkBackend(
  name: string,
  threads: number | undefined,
  signal: AbortSignal,
): Promise<BackendCheck> {
  const script = `import { checkHere } from ${JSON.stringify(import.meta.url)};
    const found = await checkHere(${JSON.stringify(name)}, ${threads});
    process.stdout.write('\\n' + JSON.stringify(found), () => process.exit(0));`;
  const args = [...process.execArgv, '--input-type=module', '--eval', script];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { signal, timeout: 120_000 });
    return JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as BackendCheck;
  } catch (error) {
    signal.throwIfAborted();
    const { stderr = '', signal: killed } = error as { stderr?: string; signal?: string | null };
    const reason = killed
      ? `it ended by ${killed}`
      : (stderr
          .trim()
          .split('\n')
          .find((line) => /Error/.test(line)) ?? String(error));
    return { name, status: 'fails', reason, device: null, threads: null, details: {} };
  }
}
