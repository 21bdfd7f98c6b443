import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { webgpu } from '@peftjs/backend-webgpu';
import { diskFolder } from '@peftjs/checkpoint';
import { attach, type Storage } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { f16 } from '@peftjs/quantization';
import { train } from '@peftjs/train';
import { fill } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeOn } from './suites.ts';
import { relativeError, TOLERANCES } from './tolerances.ts';

/**
 * Bytes: less than an embedding or an output layer [48, 24] in float32 has, and less than the logits [8, 3, 48] of what is trained
 * on; more than any other tensor.
 */
const LARGEST = 4000;

const inputIds = Int32Array.of(40, 3, 47);
const batch = { inputIds, attentionMask: Int32Array.of(1, 1, 1), shape: [1, 3] as const };
const ids = Int32Array.from({ length: 24 }, (_, i) => (i * 7 + 3) % 48);
const trained = { inputIds: ids, attentionMask: new Int32Array(24).fill(1), labels: ids, shape: [8, 3] as const };

/** Losses of three steps and the logits after them. */
async function run(name: string, weights: Storage | undefined) {
  const folder = diskFolder(new URL(`../../../golden/cases/${name}/base`, import.meta.url).pathname);
  const model = await loadModel(folder, weights && { weights });
  const adapter = attach(model, lora({ r: 2, init: noisy, targets: ['q_proj', 'lm_head'] }), {
    seed: 3,
    strict: false,
  });
  const losses: number[] = [];
  const batches = { size: 1, get: () => trained };
  for await (const event of train(model, batches, { learningRate: 0.01, steps: 3 }))
    if (event.type === 'step') losses.push(event.loss);
  const logits = model.logits(batch, { training: false, seed: 0 });
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  adapter.detach();
  model.dispose();
  return { losses, logits: values };
}

describeOn(webgpu({ largestTensor: LARGEST }), 'weights and logits larger than a tensor may be', () => {
  it('are refused whole', async () => {
    expect(() => fill([48, 24], 1)).toThrow(`a tensor of 4608 bytes; this device takes at most ${LARGEST}`);
  });

  describe.for([
    ['float32', undefined],
    ['f16', f16()],
  ] as const)('in %s', ([, weights]) => {
    it.for(['lora', 'embedding-tied'])('train in parts: the base of %s', async (name) => {
      const found = await run(name, weights);
      await useBackend(cpu());
      const expected = await run(name, weights).finally(() => useBackend(webgpu()));
      expect(relativeError(found.losses, expected.losses)).toBeLessThanOrEqual(TOLERANCES.losses);
      expect(relativeError(found.logits, expected.logits)).toBeLessThanOrEqual(TOLERANCES.afterSteps);
    });
  });
});
