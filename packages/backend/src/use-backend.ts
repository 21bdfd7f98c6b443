// Chooses the backend: the first of a list that can run, starts, and passes a self-test of its gradients.
import { getBackend, setBackend } from '@tensorflow/tfjs-core';
import type { Backend, Capabilities } from './backend.ts';
import { registerKernels } from './fused-op.ts';
import { gradientSelfTest } from './gradient-self-test.ts';
import { registerGradients } from './gradients.ts';
import { repairAxes } from './repair-axes.ts';

/** Why a backend was passed over. */
export interface Rejection {
  readonly name: string;
  readonly reason: string;
}

/** The backend in use, and those before it in the list with the reason why not. */
export interface BackendReport extends Capabilities {
  readonly rejected: readonly Rejection[];
}

const started = new Map<string, Capabilities>();

/**
 * Makes the first backend of the list that works the active one.
 *
 * @throws when none works; the message has each one's reason
 * @example
 * const { backend, rejected } = await useBackend([webgpu(), wasm()]);
 */
export async function useBackend(backends: Backend | readonly Backend[]): Promise<BackendReport> {
  const rejected: Rejection[] = [];
  for (const backend of [backends].flat() as Backend[]) {
    const found = await tryBackend(backend);
    if (typeof found !== 'string') return { ...found, rejected };
    rejected.push({ name: backend.name, reason: found });
  }
  const reasons = rejected.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new Error(`[peftjs/backend] no backend works here: ${reasons || 'the list is empty'}`);
}

/** Bytes that a tensor may have at most on the active backend. */
export function largestTensor(): number {
  return started.get(getBackend())?.largestTensor ?? Number.POSITIVE_INFINITY;
}

/** Starts a backend and makes it active; the reason as a string where that fails. */
async function tryBackend(backend: Backend): Promise<Capabilities | string> {
  const known = backend.fault?.() ? undefined : started.get(backend.name);
  try {
    if (known === undefined) {
      const obstacle = await backend.probe();
      if (obstacle !== null) return obstacle;
    }
    const capabilities = known ?? (await backend.start());
    registerGradients();
    if (!(await setBackend(backend.name))) return 'tfjs could not start it';
    if (known === undefined) {
      repairAxes(backend.name);
      registerKernels(backend.name, backend.kernels());
      const fault = await gradientSelfTest();
      if (fault !== null) return fault;
      started.set(backend.name, capabilities);
    }
    return capabilities;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
