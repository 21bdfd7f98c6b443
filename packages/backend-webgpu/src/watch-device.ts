// What goes wrong on a device is told long after the call that caused it, and by itself passes zeros on. Here it is kept, and
// every read of numbers after it fails.
import type { TfjsWebGpu } from './tfjs-webgpu.ts';

export interface DeviceWatch {
  /** Why the numbers on the device can no longer be trusted, with what to do; null while they can. */
  fault(): string | null;
}

const AGAIN = 'call useBackend again for a new device, load the model, and resume from the last saved state';

/** Watches a device, and lets the backend give no numbers once something went wrong. */
export function watchDevice(backend: TfjsWebGpu): DeviceWatch {
  const { device } = backend;
  let fault: string | null = null;
  const refused = (error: GPUError) => {
    const what =
      error instanceof GPUOutOfMemoryError ? 'the device is out of memory' : 'the device refused an operation';
    const less =
      error instanceof GPUOutOfMemoryError ? 'use a smaller batch, recompute, or weights of fewer bits; ' : '';
    fault ??= `${what} (${firstLine(error.message)}); its numbers are not to be trusted: ${less}${AGAIN}`;
  };
  device.addEventListener('uncapturederror', ({ error }) => refused(error));
  void device.lost.then(({ reason, message }) => {
    fault ??= `the device was lost (${reason}${message ? `: ${firstLine(message)}` : ''}): ${AGAIN}`;
  });
  const check = () => {
    if (fault !== null) throw new Error(`[peftjs/backend-webgpu] ${fault}`);
  };
  const shipped = backend.read.bind(backend);
  backend.read = async (dataId) => {
    check();
    // A scope's result comes after the errors of all that was called before it.
    device.pushErrorScope('validation');
    const [reading, scope] = await Promise.allSettled([shipped(dataId), device.popErrorScope()]);
    if (scope.status === 'fulfilled' && scope.value) refused(scope.value);
    check();
    if (reading.status === 'rejected') throw reading.reason;
    return reading.value;
  };
  return { fault: () => fault };
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? '';
}
