// Fails a test during which the code under test wrote to the console, stdout or stderr: a library prints nothing. A test
// of something that does print takes its output through a stream of its own, or replaces the method with `vi.spyOn`.
import { format } from 'node:util';
import { afterAll, afterEach } from 'vitest';

const METHODS = ['debug', 'dir', 'error', 'info', 'log', 'table', 'trace', 'warn'] as const;

const written: string[] = [];

for (const method of METHODS) {
  console[method] = (...values: unknown[]): void => {
    written.push(`console.${method}: ${format(...values)}`);
  };
}

for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Uint8Array): boolean => {
    written.push(`${name}: ${typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()}`);
    return true;
  };
}

function failIfWritten(): void {
  const lines = written.splice(0);
  if (lines.length > 0) throw new Error(`the code under test printed:\n${lines.join('\n')}`);
}

afterEach(failIfWritten);
afterAll(failIfWritten);
