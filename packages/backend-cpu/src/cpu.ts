// The slow reference backend: tfjs's plain JavaScript kernels, with those that give or leave wrong numbers repaired.
import type { Backend } from '@peftjs/backend';
import { findBackend } from '@tensorflow/tfjs-core';
import { repairMatMul } from './repair-mat-mul.ts';
import { repairMaxPoolGradient } from './repair-max-pool-gradient.ts';
import { repairResizeGradients } from './repair-resize-gradients.ts';
import { repairScatterUpdate } from './repair-scatter-update.ts';

/**
 * The cpu backend. Runs everywhere; use it to check others.
 *
 * @example
 * await useBackend(cpu());
 */
export function cpu(): Backend {
  return {
    name: 'cpu',
    probe: async () => null,
    start: async () => {
      await import('@tensorflow/tfjs-backend-cpu');
      // Otherwise the first tensor prints an advertisement for the native backend.
      (findBackend('cpu') as unknown as { firstUse: boolean }).firstUse = false;
      repairScatterUpdate();
      repairMatMul();
      repairMaxPoolGradient();
      repairResizeGradients();
      return { backend: 'cpu', device: 'plain JavaScript', threads: 1, details: {} };
    },
    kernels: () => [],
  };
}
