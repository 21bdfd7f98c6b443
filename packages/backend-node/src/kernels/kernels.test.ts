// Each kernel against the reference form of its op: value, and the gradient of each input asked for alone.
import {
  type AdamwForm,
  adamw,
  type Form,
  type Inputs,
  memoryMeter,
  type Replaceable,
  swiglu,
  useBackend,
} from '@peftjs/backend';
import { memory, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cases, normal, positive } from '../../test/kernel-cases.ts';
import { tensorflow } from '../native.ts';
import { node } from '../node.ts';

const backend = node({ device: 'cpu' });
const obstacle = await backend.probe();

describe.skipIf(obstacle !== null)(`native kernels${obstacle === null ? '' : `: ${obstacle}`}`, () => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  const formOf = (op: Replaceable<unknown>) => backend.kernels().find((k) => k.opName === op.opName)?.form;

  it.each(cases)('$title', ({ op, inputs: make, attrs, wanted }) => {
    const own = formOf(op) as Form<Inputs, object>;
    const reference = op.reference as Form<Inputs, object>;
    tidy(() => {
      const inputs = make();
      const expected = reference.forward(inputs, attrs);
      const got = own.forward(inputs, attrs);
      expect(distance(got.out, expected.out)).toBeLessThan(1e-5);
      const dy = got.out.rank === 0 ? positive() : normal(...got.out.shape);
      for (const name of wanted) {
        const alone = own.grad(dy, got.saved, attrs)[name];
        const right = reference.grad(dy, expected.saved, attrs)[name];
        expect(distance(alone?.() as Tensor, right?.() as Tensor), `gradient of ${name}`).toBeLessThan(1e-5);
      }
      const together = own.grad(dy, got.saved, attrs);
      const right = reference.grad(dy, expected.saved, attrs);
      for (const name of [...wanted].reverse()) {
        expect(distance(together[name]?.() as Tensor, right[name]?.() as Tensor), `gradient of ${name}`).toBeLessThan(
          1e-5,
        );
      }
    });
  });

  it('AdamW', () => {
    tidy(() => {
      const form = formOf(adamw) as AdamwForm;
      const inputs = { p: normal(3, 4), g: normal(3, 4), m: normal(3, 4), v: positive(3, 4) };
      const attrs = {
        learningRate: 0.01,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weightDecay: 0.1,
        step: 3,
        gradientScale: 0.5,
      };
      const expected = adamw.reference(inputs, attrs);
      for (const [k, x] of form(inputs, attrs).entries()) expect(distance(x, expected[k] as Tensor)).toBeLessThan(1e-6);
    });
  });

  it('count what they hold on their way', () => {
    const meter = memoryMeter();
    tidy(() => {
      const inputs = { gate: normal(10, 10), up: normal(10, 10) };
      meter.reset();
      const before = meter.bytes;
      (formOf(swiglu) as Form<Inputs, object>).forward(inputs, {});
      expect(meter.bytes - before).toBe(400);
      expect(meter.peakBytes - before).toBe(3 * 400);
    });
  });

  it('free all they make on their way', () => {
    const { binding } = tensorflow() as unknown as { binding: { getNumOfTensors(): number } };
    const pass = () =>
      tidy(() => {
        for (const { op, inputs: make, attrs, wanted } of cases) {
          const own = formOf(op) as Form<Inputs, object>;
          const { out, saved } = own.forward(make(), attrs);
          const closures = own.grad(out, saved, attrs);
          for (const name of wanted) closures[name]?.();
        }
      });
    pass();
    const tensors = memory().numTensors;
    const handles = binding.getNumOfTensors();
    pass();
    expect(memory().numTensors).toBe(tensors);
    expect(binding.getNumOfTensors()).toBe(handles);
  });
});

/** max |a - b| over max(1, max |b|). */
function distance(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [a.dataSync(), b.dataSync()];
  const largest = Math.max(1, ...y.map(Math.abs));
  return Math.max(...x.map((value, i) => Math.abs(value - (y[i] as number)))) / largest;
}
