// A host with something to run it on: what the host and method suites are given.
import type { Context, Host } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';

export interface HostCase {
  readonly host: Host;
  /** The model's output on a fixed input. */
  output(ctx: Context): Tensor;
  /** A scalar that every site has a part in, on a fixed input. */
  loss(ctx: Context): Tensor;
  /** Switches the recomputation of activations, where the host has it. */
  recompute?(on: boolean): void;
  /** Frees the model. */
  dispose(): void;
}

export const INFERENCE: Context = { training: false, seed: 0 };
export const TRAINING: Context = { training: true, seed: 3 };

/** What `f` gives, read and freed. */
export function read(f: () => Tensor): Float32Array {
  const out = f();
  const values = out.dataSync().slice() as Float32Array;
  out.dispose();
  return values;
}

/** Every weight and bias of a host, read. */
export function readWeights(host: Host): readonly Float32Array[] {
  return host.sites().flatMap((site) => {
    if ('weight' in site) {
      const bias = 'bias' in site && site.bias ? [site.bias.dataSync().slice() as Float32Array] : [];
      return [read(() => site.weight.read()), ...bias];
    }
    if (site.kind !== 'norm') return [];
    return [site.gamma, site.beta].flatMap((v) => (v ? [v.dataSync().slice() as Float32Array] : []));
  });
}
