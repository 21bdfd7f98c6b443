import { expect, it, vi } from 'vitest';
import type { TfjsWebGpu } from './tfjs-webgpu.ts';
import { watchDevice } from './watch-device.ts';

class OutOfMemory {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** A backend whose device says what it is told to. */
function fake() {
  let report: (event: { error: unknown }) => void = () => {};
  const device = {
    lost: new Promise(() => {}),
    addEventListener: (_: string, listener: typeof report) => {
      report = listener;
    },
    pushErrorScope: () => {},
    popErrorScope: async () => null,
  };
  const backend = { device, read: async () => Float32Array.of(1) } as unknown as TfjsWebGpu;
  return { backend, report: (error: unknown) => report({ error }) };
}

it('gives no numbers after the device ran out of memory, and says what to do', async () => {
  vi.stubGlobal('GPUOutOfMemoryError', OutOfMemory);
  const { backend, report } = fake();
  const watch = watchDevice(backend);
  expect([watch.fault(), await backend.read({})]).toEqual([null, Float32Array.of(1)]);
  report(new OutOfMemory('no room for 4 GiB\nat a line'));
  report(new Error('whatever came after it'));
  const message =
    '[peftjs/backend-webgpu] the device is out of memory (no room for 4 GiB); its numbers are not to be trusted: use a smaller batch, recompute, or weights of fewer bits; call useBackend again';
  await expect(backend.read({})).rejects.toThrow(message);
  expect(watch.fault()).toMatch(/^the device is out of memory/);
  vi.unstubAllGlobals();
});
