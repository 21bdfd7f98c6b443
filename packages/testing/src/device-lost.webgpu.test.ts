import { useBackend } from '@peftjs/backend';
import { webgpu } from '@peftjs/backend-webgpu';
import { memoryFolder, stateStore } from '@peftjs/checkpoint';
import { type Adapter, attach } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { type TrainEvent, train } from '@peftjs/train';
import { engine, memory } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { batches, tinyModel } from '../../train/test/tiny-model.ts';
import { describeOn } from './suites.ts';

const STEPS = 4;

function loseDevice(): void {
  (engine().backend as unknown as { readonly device: { destroy(): void } }).device.destroy();
}

/** A whole program: a device, a model, an adapter, and a run that goes on where the folder left it. */
async function run(folder = memoryFolder(), each: (event: TrainEvent) => void = () => {}) {
  await useBackend(webgpu());
  const tensors = memory().numTensors;
  const model = await tinyModel();
  let adapter: Adapter | undefined;
  try {
    adapter = attach(model, lora({ r: 2, init: noisy, dropout: 0.2, targets: ['q_proj'] }), { seed: 3 });
    const options = { learningRate: 0.01, steps: STEPS, store: stateStore(folder), saveEvery: 1 };
    for await (const event of train(model, batches(2), options)) each(event);
    const values = adapter.parameters.map(({ variable }) => variable.data());
    return (await Promise.all(values)).map((one) => [...one]);
  } finally {
    adapter?.detach();
    model.dispose();
    // What a lost device held is freed like any other.
    expect(memory().numTensors).toBe(tensors);
  }
}

describeOn(webgpu(), 'a device that is lost in the middle of training', () => {
  it('ends the run with an error, and on a new device it goes on with the numbers of one never lost', async () => {
    const whole = await run();
    const folder = memoryFolder();
    const seen: string[] = [];
    await expect(
      run(folder, (event) => {
        seen.push(event.type);
        if (event.type === 'saved' && event.step === 2) loseDevice();
      }),
    ).rejects.toThrow(/the device was lost .+ resume from the last saved state/);
    expect(seen).toEqual(['step', 'saved', 'step', 'saved']);
    const after: TrainEvent[] = [];
    expect(await run(folder, (event) => after.push(event))).toEqual(whole);
    expect(after[0]).toEqual({ type: 'resumed', step: 2 });
  });
});
