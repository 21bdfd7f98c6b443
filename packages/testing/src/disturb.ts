// An adapter as training might leave it.
import { normal, random } from '@peftjs/backend';
import type { Trainable } from '@peftjs/core';
import { tensor, tidy } from '@tensorflow/tfjs-core';

/** Moves every trained parameter by normal numbers of this deviation, so that nothing is still at its start. */
export function disturb(adapter: Trainable, seed: number, deviation = 0.1): void {
  const next = random(seed);
  tidy(() => {
    for (const { variable } of adapter.parameters.filter((p) => p.trainable)) {
      const noise = normal(next, variable.size, deviation);
      const values = (variable.dataSync() as Float32Array).map((v, i) => v + (noise[i] as number));
      variable.assign(tensor(values, variable.shape));
    }
  });
}
