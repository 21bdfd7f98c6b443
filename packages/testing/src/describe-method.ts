// The suite that every method's test calls, on the backend that is active.
import { valueAndGrads } from '@peftjs/backend';
import { attach, type Family, type Method, merge, restore } from '@peftjs/core';
import { tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDerivativeOf } from './derivative.ts';
import { disturb } from './disturb.ts';
import { type HostCase, INFERENCE, read, readWeights, TRAINING } from './host-case.ts';
import { leakGuard } from './leak-guard.ts';
import { relativeError, TOLERANCES } from './tolerances.ts';

export interface MethodSuiteOptions {
  /** The host to attach to, with the same weights each time. */
  readonly host: () => Promise<HostCase>;
  /** What an adapter of this method is read with again. */
  readonly family: Family;
  /** What attaching does to the output: nothing, nothing beyond rounding, or something. `nothing` when left out. */
  readonly start?: 'nothing' | 'rounding' | 'something';
  /**
   * Attaching takes a part of the weight into the parameters (PiSSA): switched off, the adapter leaves that out, and of two
   * of them the last comes off first.
   */
  readonly residual?: boolean;
  /** It puts its own in the place of whatever lies below: of two of them the upper counts alone. */
  readonly whole?: boolean;
  /** It cannot be merged. */
  readonly unmergeable?: boolean;
  /** Its gradient holds something constant that the parameters change (DoRA's norms): finite differences do not apply. */
  readonly detached?: boolean;
  /** How far the suite moves the parameters, 0.1 when left out: more where products of them would stay next to nothing. */
  readonly deviation?: number;
}

/**
 * Runs the conformance suite on a method, or several as one adapter.
 *
 * @example
 * describeOn(cpu(), 'lora', () => describeMethod('rsLoRA', () => lora({ r: 4, rslora: true }), { host, family }));
 */
export function describeMethod(
  name: string,
  make: () => Method | readonly Method[],
  options: MethodSuiteOptions,
): void {
  const { start = 'nothing', family } = options;
  describe(name, () => {
    let one: HostCase;
    let plain: Float32Array = new Float32Array();
    let weights: readonly Float32Array[] = [];
    const output = () => read(() => one.output(INFERENCE));
    const expectPlain = () => {
      expect(output()).toEqual(plain);
      expect(readWeights(one.host)).toEqual(weights);
    };
    const on = (label = 'default', seed = 1) => attach(one.host, make(), { name: label, seed });
    const moved = (label?: string, seed = 1) => {
      const adapter = on(label, seed);
      disturb(adapter, seed, options.deviation);
      return adapter;
    };

    beforeAll(async () => {
      one = await options.host();
      plain = output();
      weights = readWeights(one.host);
    });
    afterAll(() => one.dispose());
    leakGuard();

    it(`changes ${start} when it is attached, and nothing when it is detached`, () => {
      const adapter = on();
      const error = relativeError(output(), plain);
      if (start === 'nothing') expect(output()).toEqual(plain);
      else if (start === 'rounding') expect(error).toBeLessThanOrEqual(TOLERANCES.logits);
      else expect(error).toBeGreaterThan(TOLERANCES.logits);
      adapter.detach();
      expectPlain();
    });

    it('starts the same from the same seed, and differently from another where it is random', () => {
      const values = (seed: number) => {
        const adapter = on('default', seed);
        const found = adapter.parameters.map(({ variable }) => [...variable.dataSync()]);
        adapter.detach();
        return found;
      };
      expect(values(1)).toEqual(values(1));
    });

    it('has parameters with names of their own, and says how many are trained', () => {
      const adapter = on();
      const keys = adapter.parameters.map((p) => p.key);
      expect(new Set(keys).size).toBe(keys.length);
      const paths = one.host.sites().map(({ path }) => `${adapter.prefix}${path}.`);
      const shared = new Set(adapter.attachments.flatMap((a) => Object.values(a.shared)));
      const own = adapter.parameters.filter((p) => !shared.has(p.variable)).map((p) => p.key);
      expect(own.filter((key) => !paths.some((path) => key.startsWith(path)))).toEqual([]);
      expect(adapter.summary()).toMatch(/^trainable params: [1-9][\d,]* \|\| all params: [\d,]+ \|\| trainable%: \d/);
      adapter.detach();
    });

    it('trains all that it says it trains, and leaves the base alone', () => {
      const adapter = moved();
      const trained = adapter.parameters.filter((p) => p.trainable);
      const variables = trained.map((p) => p.variable);
      tidy(() => {
        const { grads } = valueAndGrads(() => one.loss(TRAINING), variables);
        for (const [i, { key }] of trained.entries()) {
          expect(grads[i], `gradient of ${key}`).not.toBeNull();
          const size = grads[i]?.dataSync<'float32'>().reduce((n, d) => n + Math.abs(d), 0);
          expect(size, `gradient of ${key}`).toBeGreaterThan(0);
        }
        if (!options.detached) expectDerivativeOf(() => one.loss(INFERENCE), variables);
      });
      expect(output()).not.toEqual(plain);
      adapter.detach();
      expectPlain();
    });

    it('has the same gradients when activations are computed again', () => {
      if (one.recompute === undefined) return;
      const adapter = moved();
      const variables = adapter.parameters.filter((p) => p.trainable).map((p) => p.variable);
      const found = [false, true].map((again) => {
        one.recompute?.(again);
        const { value, grads } = valueAndGrads(() => one.loss(TRAINING), variables);
        return [value, ...grads].map((t) => read(() => t as NonNullable<typeof t>));
      });
      one.recompute(false);
      for (const [i, d] of (found[1] as Float32Array[]).entries()) {
        expect(relativeError(d, found[0]?.[i] as Float32Array)).toBeLessThanOrEqual(TOLERANCES.kernelGradient);
      }
      adapter.detach();
    });

    it(`is the base${options.residual ? ' less its residual' : ''} while it is switched off`, () => {
      const adapter = moved();
      const changed = output();
      adapter.active = false;
      if (options.residual) expect(relativeError(output(), plain)).toBeGreaterThan(TOLERANCES.logits);
      else expectPlain();
      adapter.active = true;
      expect(output()).toEqual(changed);
      adapter.detach();
    });

    it(options.residual ? 'comes off the last first' : 'comes off in any order', () => {
      for (const order of [
        [0, 1],
        [1, 0],
      ] as const) {
        const adapters = [moved('first', 1), moved('second', 2)];
        const both = output();
        if (options.residual && order[0] === 0) {
          expect(() => adapters[0]?.detach()).toThrow('has changed since');
          expect(output()).toEqual(both);
          adapters.reverse();
        }
        adapters[order[0]]?.detach();
        if (options.whole && order[0] === 0) expect(output()).toEqual(both);
        else expect(output()).not.toEqual(both);
        adapters[order[1]]?.detach();
        expectPlain();
      }
    });

    it('gives the same after it was saved and restored', async () => {
      const adapter = moved();
      const changed = output();
      const saved = await adapter.snapshot();
      adapter.detach();
      const again = await restore(one.host, saved, [family], { seed: 9 });
      expect(output()).toEqual(changed);
      expect(await again.snapshot()).toEqual(saved);
      again.detach();
      expectPlain();
    });

    it(
      options.unmergeable ? 'says that it cannot be merged' : 'says the same when it is merged, and unmerges',
      async () => {
        const adapter = moved();
        const changed = output();
        if (options.unmergeable) {
          await expect(merge(adapter)).rejects.toThrow('cannot be merged');
        } else {
          const unmerge = await merge(adapter, { probe: () => one.output(INFERENCE) });
          expect(relativeError(output(), changed)).toBeLessThanOrEqual(TOLERANCES.logits);
          expect(readWeights(one.host)).not.toEqual(weights);
          unmerge();
          expect(output()).toEqual(changed);
          await merge(adapter);
        }
        adapter.detach();
        expectPlain();
      },
    );

    it('names a target that there is not, before anything is changed', () => {
      const [first, ...rest] = [make()].flat() as [Method, ...Method[]];
      const lost = { ...first, targets: { ...first.targets, modules: ['no_such_module'] } };
      expect(() => attach(one.host, [lost, ...rest])).toThrow(/no site matches "no_such_module"; nearest: "/);
      expectPlain();
    });
  });
}
