// The suite that every backend's test calls: a new backend inherits all of it.
import { type Backend, gradientSelfTest, type Packing, useBackend } from '@peftjs/backend';
import { bfloat16, float16, fp4Packing, int4Packing, int8Packing, nf4Packing } from '@peftjs/quantization';
import { getBackend } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeOn } from '../describe-on.ts';
import { leakGuard } from '../leak-guard.ts';
import type { BackendSuiteOptions } from './backend-suite-options.ts';
import { describeBackward } from './describe-backward.ts';
import { describeEdges } from './describe-edges.ts';
import { describeFusedOps } from './describe-fused-ops.ts';
import { describePacked } from './describe-packed.ts';
import { describeTfjsOps } from './describe-tfjs-ops.ts';

/** Every form of codes, with groups shorter and longer than rows. */
const PACKINGS: Readonly<Record<string, Packing>> = {
  f16: float16,
  bf16: bfloat16,
  nf4: nf4Packing(),
  'fp4 with nested scales': fp4Packing({ block: 32, doubleQuantization: true }),
  'int4 with offsets': int4Packing({ group: 32, asymmetric: true }),
  'int8 by rows': int8Packing(),
};

/**
 * Runs the conformance suite on a backend.
 *
 * @example
 * describeBackend(() => wasm({ threads: 2 }), { reference: cpu() });
 */
export function describeBackend(makeBackend: () => Backend, options: BackendSuiteOptions = {}): void {
  const backend = makeBackend();
  describeOn(backend, 'the backend suite', () => {
    leakGuard();
    describe('a backend', () => {
      it('says what it runs on', async () => {
        const { backend: name, device, threads, details } = await useBackend(backend);
        expect(name).toBe(backend.name);
        expect(name).not.toContain('_');
        expect(getBackend()).toBe(name);
        expect(device).not.toBe('');
        expect(Number.isInteger(threads) && threads >= 1).toBe(true);
        expect(JSON.parse(JSON.stringify(details))).toEqual(details);
      });

      it('computes a gradient whose value is known', async () => {
        expect(await gradientSelfTest()).toBeNull();
      });
    });
    describe('fused ops', () => describeFusedOps(backend, options.reference));
    describe.for(Object.entries(PACKINGS))('matrices packed as %s', ([, packing]) => describePacked(packing));
    describe("tfjs's operations", () => describeTfjsOps(backend, options));
    describe('edges', describeEdges);
    describe('the backward pass', describeBackward);
  });
}
