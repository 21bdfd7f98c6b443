// The suite of methods on what @peftjs/adapters has.
import {
  bottleneck,
  fusion,
  gelu,
  geluNew,
  houlsby,
  ia3,
  loreft,
  nearIdentity,
  parallel,
  pfeiffer,
  readBottleneck,
  readFusion,
  readIa3,
  readLoreft,
  relu,
  silu,
  tanh,
} from '@peftjs/adapters';
import type { Backend } from '@peftjs/backend';
import { modulesToSave } from '@peftjs/core';
import { describeMethod, describeOn, type MethodSuiteOptions } from '@peftjs/testing/suites';
import { trained } from '../../adapters/test/trained.ts';
import { tinyLlama } from './tiny-llama.ts';

const branches = ['model.layers.0.mlp', 'model.layers.1.mlp'];
const of = (seed: number, style: string, activation: string) => trained(seed, { branches, d: 16, style, activation });

export function describeAdapters(backend: Backend): void {
  describeOn(backend, 'adapters', describeMethods);
}

function describeMethods(): void {
  const options: MethodSuiteOptions = { host: () => tinyLlama(), family: readIa3() };
  describeMethod('(IA)3', () => ia3(), options);
  describeMethod(
    '(IA)3 at inputs alone, with the head whole',
    () => [ia3({ targets: ['q_proj', 'up_proj'], feedforward: ['q_proj', 'up_proj'] }), modulesToSave(['lm_head'])],
    options,
  );

  const bottlenecks = { ...options, family: readBottleneck(), unmergeable: true };
  describeMethod('Houlsby', () => bottleneck({ style: houlsby, r: 4, activation: silu }), bottlenecks);
  describeMethod('Pfeiffer', () => bottleneck({ style: pfeiffer, reduction: 4, activation: gelu }), bottlenecks);
  describeMethod('parallel', () => bottleneck({ style: parallel, r: 3, activation: geluNew }), bottlenecks);
  describeMethod(
    'bottlenecks that start near the identity',
    () => bottleneck({ r: 5, activation: tanh, scaling: 0.5, init: nearIdentity, targets: ['attn'] }),
    { ...bottlenecks, start: 'something' },
  );
  describeMethod(
    'bottlenecks with ReLU and the norms whole',
    () => [bottleneck({ r: 8, activation: relu, layers: [1] }), modulesToSave(['norm'])],
    bottlenecks,
  );

  const edits = { ...options, family: readLoreft(), unmergeable: true, start: 'something' } as const;
  describeMethod('LoReFT', () => loreft({ r: 3, first: 2, last: 1 }), edits);
  describeMethod('LoReFT after one block', () => loreft({ r: 16, layers: [1], first: 0, last: 3 }), edits);

  const fused = { ...options, family: readFusion(), unmergeable: true, start: 'something' } as const;
  describeMethod('fusion', () => fusion([of(1, 'pfeiffer', 'gelu'), of(2, 'pfeiffer', 'gelu')]), fused);
  describeMethod(
    'fusion of different kinds',
    () =>
      fusion([of(1, 'pfeiffer', 'tanh'), of(2, 'parallel', 'silu'), of(3, 'houlsby', 'relu')], {
        targets: ['layers.1.mlp'],
      }),
    fused,
  );
}
