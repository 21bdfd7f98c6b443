// Fails a test after which there are more tensors, or more bytes in their buffers, than there were before it.
import { memoryMeter } from '@peftjs/backend';
import { memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach } from 'vitest';

/** Looks at what there is now; called later, says what has been left behind since, or null. */
export function watchLeaks(): () => string | null {
  const meter = memoryMeter();
  const before = { tensors: memory().numTensors, bytes: meter.bytes };
  return () => {
    const tensors = memory().numTensors - before.tensors;
    const bytes = meter.bytes - before.bytes;
    return tensors === 0 && bytes === 0 ? null : `${tensors} tensors and ${bytes} bytes more than before`;
  };
}

/**
 * Guards every test of the `describe` in which it is called. What `beforeEach` makes after this call counts, too.
 *
 * @example
 * describe('my kernels', () => {
 *   leakGuard();
 *   it('…', () => {});
 * });
 */
export function leakGuard(): void {
  let leaked: () => string | null = () => null;
  beforeEach(() => {
    leaked = watchLeaks();
  });
  afterEach(() => {
    const found = leaked();
    if (found !== null) throw new Error(`[peftjs/testing] the test leaves ${found}; dispose what it makes`);
  });
}
