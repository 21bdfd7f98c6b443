// Which backend a command runs on: the options, the list of backends, and the choice with its reasons.
import { type Backend, type BackendReport, memoryMeter, useBackend } from '@peftjs/backend';
import { given } from '../given.ts';
import { integer, list, type Option, orElse } from '../option.ts';
import type { Reporter } from '../reporter.ts';

type Make = (threads: number | undefined) => Promise<Backend>;

/** Every backend by the name it has on the command line, the preferred first. */
const makers: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['node', async (threads) => (await import('@peftjs/backend-node')).node(given({ threads }))],
  ['wasm', async (threads) => (await import('@peftjs/backend-wasm')).wasm(given({ threads }))],
  ['cpu', async () => (await import('@peftjs/backend-cpu')).cpu()],
]);

export const backendNames: readonly string[] = [...makers.keys()];

export interface BackendValues {
  readonly backend: readonly string[];
  readonly threads: number | undefined;
}

export const backendOptions: { readonly [K in keyof BackendValues]: Option<BackendValues[K]> } = {
  backend: orElse(list('NAMES', 'backends to try, in this order', backendNames), backendNames),
  threads: integer('N', 'threads that compute; as many as the machine runs at once when left out', {
    min: 1,
    max: 256,
  }),
};

/** A backend by its name on the command line. */
export function makeBackend(name: string, threads?: number): Promise<Backend> {
  return (makers.get(name) as Make)(threads);
}

export interface StartedBackend extends BackendReport {
  /** Its name on the command line. */
  readonly name: string;
}

/** Starts the first backend that works, and says why not the others. @throws when none works */
export async function startBackend(
  { backend: names, threads }: BackendValues,
  report: Reporter,
): Promise<StartedBackend> {
  memoryMeter();
  const backends = await Promise.all(names.map((name) => makeBackend(name, threads)));
  const found = await useBackend(backends);
  const name = names[found.rejected.length] as string;
  const others = backendNames.filter((other) => other !== name).map((other) => whyNot(other, names, found));
  report.say(`backend  ${name}: ${found.device}`);
  for (const { name: other, reason } of others) report.say(`         not ${other}: ${reason}`);
  report.event({ type: 'backend', name, device: found.device, threads: found.threads, details: found.details, others });
  return { ...found, name };
}

function whyNot(name: string, asked: readonly string[], { rejected }: BackendReport) {
  const place = asked.indexOf(name);
  if (place === -1) return { name, reason: 'not asked for' };
  return { name, reason: rejected[place]?.reason ?? 'not needed' };
}
