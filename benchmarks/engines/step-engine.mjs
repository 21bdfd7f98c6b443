// @ts-check
// What every training engine in JavaScript answers, given a function that takes one step.
import { engine, memoryMeter } from '@peftjs/backend';
import { memory } from '@tensorflow/tfjs-core';
import { selfTimes } from './self-times.mjs';

/**
 * @param {() => Promise<{ loss: number, norm: number }>} step
 * @returns {import('./serve.mjs').Handlers}
 */
export function stepHandlers(step) {
  return {
    /** Takes steps, and says how long each took and what it computed. */
    async steps({ count }) {
      const visit = {
        times: /** @type {number[]} */ ([]),
        losses: /** @type {number[]} */ ([]),
        norms: /** @type {number[]} */ ([]),
      };
      for (let i = 0; i < count; i++) {
        const started = performance.now();
        const { loss, norm } = await step();
        visit.times.push(performance.now() - started);
        visit.losses.push(loss);
        visit.norms.push(norm);
      }
      return visit;
    },
    /** The peak of distinct buffers in a step, the weights among them, and the tensors before and after it. */
    async inspect() {
      const meter = memoryMeter();
      const before = memory().numTensors;
      meter.reset();
      const restingBytes = meter.bytes;
      await step();
      const { peakBytes } = meter;
      return { peakBytes, restingBytes, tensorsBefore: before, tensorsAfter: memory().numTensors };
    },
    /** Where the time of some steps goes, by operation. */
    profile: ({ count }) =>
      selfTimes(engine(), async () => {
        for (let i = 0; i < count; i++) await step();
      }),
  };
}
