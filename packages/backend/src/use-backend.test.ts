import { cpu } from '@peftjs/backend-cpu';
import {
  copyRegisteredKernels,
  findBackend,
  getBackend,
  type KernelFunc,
  registerBackend,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from './backend.ts';
import { hasKernel, kernel } from './fused-op.ts';
import { swiglu } from './ops/swiglu.ts';
import { useBackend } from './use-backend.ts';

interface Fake extends Backend {
  readonly calls: string[];
}

/** The cpu backend under another name, with what is to be different about it. */
function fake(name: string, parts: Partial<Backend> = {}): Fake {
  const calls: string[] = [];
  const note = <T>(call: string, result: T): T => {
    calls.push(call);
    return result;
  };
  return {
    name,
    calls,
    probe: async () => note('probe', await (parts.probe?.() ?? null)),
    start: async () => {
      registerBackend(name, () => findBackend('cpu'));
      copyRegisteredKernels('cpu', name);
      calls.push('start');
      return parts.start?.() ?? { backend: name, device: 'a fake', threads: 1, details: {} };
    },
    kernels: () => note('kernels', parts.kernels?.() ?? []),
  };
}

interface Buffers {
  makeTensorInfo(shape: number[], dtype: string, values: Float32Array): TensorInfo;
}

function replaceKernel(kernelName: string, backendName: string, kernelFunc: KernelFunc): void {
  unregisterKernel(kernelName, backendName);
  registerKernel({ kernelName, backendName, kernelFunc });
}

beforeAll(async () => {
  await useBackend(cpu());
});

describe('useBackend', () => {
  it('takes the first that works, and does not look at the others', async () => {
    const [one, two] = [fake('one'), fake('two')];
    const report = await useBackend([one, two]);
    expect(report).toEqual({ backend: 'one', device: 'a fake', threads: 1, details: {}, rejected: [] });
    expect(getBackend()).toBe('one');
    expect(one.calls).toEqual(['probe', 'start', 'kernels']);
    expect(two.calls).toEqual([]);
  });

  it('says of each before it why not, in their order', async () => {
    const absent = fake('absent', { probe: async () => 'there is no adapter' });
    const broken = fake('broken', {
      start: async () => {
        throw new Error('its device was lost');
      },
    });
    const { backend, rejected } = await useBackend([absent, broken, fake('three')]);
    expect(backend).toBe('three');
    expect(rejected).toEqual([
      { name: 'absent', reason: 'there is no adapter' },
      { name: 'broken', reason: 'its device was lost' },
    ]);
    expect(absent.calls).toEqual(['probe']);
  });

  it('refuses one whose gradients are wrong, and takes the next', async () => {
    const zeros = fake('zeros', {
      start: async () => {
        replaceKernel('BatchMatMul', 'zeros', ({ inputs, attrs, backend }) => {
          const { a, b } = inputs as Record<'a' | 'b', TensorInfo>;
          const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
          const shape = [1, a.shape.at(transposeA ? -1 : -2) as number, b.shape.at(transposeB ? -2 : -1) as number];
          const zeros = new Float32Array(shape.reduce((n, d) => n * d, 1));
          return (backend as Buffers).makeTensorInfo(shape, 'float32', zeros);
        });
        return { backend: 'zeros', device: 'a phone', threads: 1, details: {} };
      },
    });
    const { backend, rejected } = await useBackend([zeros, fake('four')]);
    expect(backend).toBe('four');
    expect(rejected).toEqual([{ name: 'zeros', reason: 'its gradient self-test gave [0,0] where [156,372] is right' }]);
    expect(getBackend()).toBe('four');
  });

  it('throws with all the reasons when none works', async () => {
    const none = [fake('p', { probe: async () => 'no P' }), fake('q', { probe: async () => 'no Q' })];
    await expect(useBackend(none)).rejects.toThrow('[peftjs/backend] no backend works here: p: no P; q: no Q');
    await expect(useBackend([])).rejects.toThrow('[peftjs/backend] no backend works here: the list is empty');
  });

  it('starts a backend once, and comes back to it', async () => {
    const five = fake('five');
    await useBackend(five);
    await useBackend(cpu());
    const again = fake('five', { probe: async () => 'would not start twice' });
    const report = await useBackend(again);
    expect(report).toMatchObject({ backend: 'five', device: 'a fake', rejected: [] });
    expect(again.calls).toEqual([]);
    expect(getBackend()).toBe('five');
  });

  it('makes the forms of the active backend the ones that run', async () => {
    await useBackend(fake('six', { kernels: () => [kernel(swiglu, swiglu.reference)] }));
    expect(hasKernel(swiglu)).toBe(true);
    await useBackend(cpu());
    expect(hasKernel(swiglu)).toBe(false);
    await useBackend(fake('six'));
    expect(hasKernel(swiglu)).toBe(true);
  });
});
