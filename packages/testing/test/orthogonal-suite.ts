// The suite of methods on what @peftjs/orthogonal has.
import type { Backend } from '@peftjs/backend';
import { modulesToSave } from '@peftjs/core';
import { boft, hra, oft, readBoft, readHra, readOft } from '@peftjs/orthogonal';
import { describeMethod, describeOn } from '@peftjs/testing/suites';
import { tinyLlama } from './tiny-llama.ts';

export function describeOrthogonal(backend: Backend): void {
  describeOn(backend, 'orthogonal fine-tuning', describeMethods);
}

function describeMethods(): void {
  const host = () => tinyLlama();
  const targets = ['q_proj', 'v_proj', 'down_proj'];
  describeMethod('HRA', () => hra({ r: 4 }), { host, family: readHra(), start: 'rounding' });
  const odd = { host, family: readHra(), start: 'something' } as const;
  describeMethod('HRA of an odd rank', () => hra({ r: 3, targets }), odd);
  describeMethod('HRA, orthogonal', () => hra({ r: 4, orthogonal: true, targets }), odd);
  const turned = { host, family: readOft() };
  describeMethod('OFT', () => oft({ blockSize: 4 }), turned);
  describeMethod('OFT with one block', () => oft({ blocks: 2, shared: true, terms: 7, targets }), turned);
  describeMethod('OFT, exact', () => [oft({ blockSize: 2, terms: 'exact', targets }), modulesToSave(['lm_head'])], {
    ...turned,
    start: 'rounding',
  });
  describeMethod('BOFT', () => boft({ targets }), { host, family: readBoft(), start: 'rounding' });
}
