// The suite of methods on those that train over rounded weights.
import type { Backend } from '@peftjs/backend';
import { type Family, type Method, modulesToSave, readModulesToSave } from '@peftjs/core';
import { dora, lora, readLora } from '@peftjs/lora';
import { boft, readBoft } from '@peftjs/orthogonal';
import { type QatSpec, qat, readQat } from '@peftjs/quantization';
import { describeMethod, describeOn } from '@peftjs/testing/suites';
import { tinyLlama } from './tiny-llama.ts';

const targets = ['q_proj', 'down_proj'];
const merged: QatSpec = { bits: 4, group: 4, over: 'merged' };
const base: QatSpec = { ...merged, over: 'base' };
const learned = { steps: 'learned' } as const;

export function describeQat(backend: Backend): void {
  describeOn(backend, 'quantization-aware training', () => {
    const suite = (name: string, spec: QatSpec, method: Method, family: Family) =>
      describeMethod(name, () => qat(method, spec), {
        host: () => tinyLlama(),
        family: readQat(family, spec),
        start: 'something',
        detached: true,
        whole: true,
      });
    const low = { r: 3, targets };
    suite('LoRA, merged', merged, lora(low), readLora());
    suite('LoRA with learned steps', { ...merged, ...learned }, lora(low), readLora());
    suite('DoRA over the base', base, dora({ ...low, dropout: 0.3 }), readLora());
    suite('DoRA over a base of learned steps', { ...base, ...learned }, dora(low), readLora());
    suite('BOFT over the base', base, boft({ targets }), readBoft());
    const rows: QatSpec = { bits: 3, symmetric: false, over: 'merged' };
    suite('modules trained whole, by rows', rows, modulesToSave(targets), readModulesToSave());
  });
}
