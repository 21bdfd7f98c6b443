// The faults of tfjs's wasm backend, each shown on the shipped kernel, and repaired.
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { beforeAll, describe } from 'vitest';
import { describeBufferRepairs } from './repairs/buffer-repairs.ts';
import { describeConvolutionRepairs } from './repairs/convolution-repairs.ts';
import { describeElementRepairs } from './repairs/element-repairs.ts';
import { describeMatMulRepairs } from './repairs/mat-mul-repairs.ts';

export function describeRepairs(threads: number): void {
  describe(`repairs on ${threads} thread${threads === 1 ? '' : 's'}`, () => {
    beforeAll(async () => {
      await useBackend(wasm({ threads }));
    });
    describeMatMulRepairs();
    describeElementRepairs();
    describeConvolutionRepairs();
    describeBufferRepairs();
  });
}
