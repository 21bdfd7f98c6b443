// Every fused op as a backend computes it: against its reference form on the reference backend, against double precision in
// plain JavaScript, its gradients together and alone, and against the derivative along random directions.
import {
  type Adamw8bitResult,
  adamw,
  adamw8bit,
  type Backend,
  type Coded,
  codedZeros,
  cut,
  type Form,
  type Inputs,
  useBackend,
  valueAndGrads,
} from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { relativeError, TOLERANCES } from '../tolerances.ts';
import { exactAdamw } from './exact-ops.ts';
import type { FusedCase } from './fused-case.ts';
import { fusedCases } from './fused-cases.ts';
import { expectClose, gaussian, moved, type Numbers, sizeOf, toTensor } from './numbers.ts';
import { scoped } from './scoped.ts';

const SIZES = [1, 3, 17, 130] as const;

/** @param reference where the reference forms run; on the backend itself when left out */
export function describeFusedOps(backend: Backend, reference: Backend = backend): void {
  describe.for(Object.entries(fusedCases))('%s', ([, cases]) => {
    it.for(cases.map((c) => [c.title, c] as const))('%s', async ([, one]) => {
      await useBackend(reference);
      const expected = await runReference(one).finally(() => useBackend(backend));
      await scoped(() => check(one, expected));
    });

    it('shows a number that is none', async () => {
      const one = cases.find(({ inputs }) => Object.values(inputs).every((x) => sizeOf(x.shape) > 2)) as FusedCase;
      for (const name of floatsOf(one)) {
        if (name !== 'mask') expect(await poisoned(one, name), `NaN in ${name} seen`).toBe(true);
      }
    });
  });

  it('Cut gives the pieces of a tensor, more than a shader has buffers for', async () => {
    const shapes = Array.from({ length: 40 }, (_, k) =>
      k % 3 === 0 ? [2, SIZES[k % 4] as number] : [SIZES[k % 4] as number],
    );
    const x = gaussian(
      1,
      shapes.map(sizeOf).reduce((a, b) => a + b),
    );
    await scoped(async () => {
      const pieces = cut(toTensor(x), shapes);
      expect(pieces.map(({ shape }) => shape)).toEqual(shapes);
      const values = await Promise.all(pieces.map(async (piece) => [...(await piece.data())]));
      expect(values.flat()).toEqual([...x.values]);
    });
  });

  describe('AdamW', () => {
    it.for([...SIZES, 4097])('[%i]', async (n) => {
      for (const step of [1, 7]) await scoped(() => checkAdamw(n, step));
    });
  });

  describe('Adamw8bit', () => {
    it.for([...SIZES, 700])('[%i]', (n) => scoped(() => checkAdamw8bit(n)));
  });
}

const floatsOf = ({ inputs }: FusedCase) => Object.keys(inputs).filter((name) => inputs[name]?.dtype === 'float32');
const tensorsOf = (inputs: FusedCase['inputs']): Inputs =>
  Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, toTensor(x)]));

/** What the reference form gives: its value, and the gradient of each input that has one. */
interface Expected {
  readonly shape: readonly number[];
  readonly value: ArrayLike<number>;
  readonly grads: ReadonlyMap<string, ArrayLike<number>>;
}

const directionOf = (shape: readonly number[]): Numbers => gaussian(99, ...shape);

async function runReference({ op, attrs, inputs }: FusedCase): Promise<Expected> {
  const grads = new Map<string, ArrayLike<number>>();
  let found: Omit<Expected, 'grads'> | undefined;
  await scoped(async () => {
    const form = op.reference as Form<Inputs, object>;
    const { out, saved } = form.forward(tensorsOf(inputs), attrs);
    const closures = Object.entries(form.grad(toTensor(directionOf(out.shape)), saved, attrs));
    for (const [name, closure] of closures) grads.set(name, (await (closure as () => Tensor)().data()).slice());
    found = { shape: out.shape, value: (await out.data()).slice() };
  });
  return { ...(found as Omit<Expected, 'grads'>), grads };
}

async function check(one: FusedCase, expected: Expected): Promise<void> {
  const { op, attrs, exact } = one;
  const inputs = tensorsOf(one.inputs);
  const direction = directionOf(expected.shape);
  const dy = toTensor(direction);
  const names = floatsOf(one).filter((name) => expected.grads.has(name));
  const xs = names.map((name) => inputs[name] as Tensor);
  const pass = valueAndGrads(() => op(inputs, attrs), xs, dy);
  await expectClose('kernel', pass.value, expected.value, 'the value beside the reference');
  await expectClose('kernel', pass.value, exact(one.inputs, attrs as never), 'the value');
  for (const [i, name] of names.entries()) {
    const grad = pass.grads[i] as Tensor;
    await expectClose(
      'kernelGradient',
      grad,
      expected.grads.get(name) as ArrayLike<number>,
      `the gradient of ${name} beside the reference`,
    );
    const alone = valueAndGrads(() => op(inputs, attrs), [xs[i] as Tensor], dy);
    await expectClose('kernelGradient', alone.grads[0] as Tensor, grad, `the gradient of ${name} asked for alone`);
    if (!one.flat) await expectDerivative(one, name, grad, direction.values);
  }
  for (const name of floatsOf(one)) {
    if (names.includes(name)) continue;
    const [none] = valueAndGrads(() => op(inputs, attrs), [inputs[name] as Tensor], dy).grads;
    expect(none, `the gradient of ${name}, a constant`).toBeNull();
  }
}

/** Compares the gradient's length along a random direction with the central difference in double precision. */
async function expectDerivative(one: FusedCase, name: string, grad: Tensor, dy: Float64Array): Promise<void> {
  const x = one.inputs[name] as Numbers;
  const along = gaussian(77, ...x.shape).values;
  const step = 1e-4;
  const value = (by: number) => {
    const out = one.exact({ ...one.inputs, [name]: moved(x, along, by) }, one.attrs as never);
    return out.reduce((total, v, i) => total + v * (dy[i] as number), 0);
  };
  const want = (value(step) - value(-step)) / (2 * step);
  const parts = Array.from(await grad.data(), (d, i) => d * (along[i] as number));
  const got = parts.reduce((p, q) => p + q, 0);
  const size = parts.reduce((p, q) => p + Math.abs(q), 1);
  const error = Math.abs(got - want) / size;
  expect(error, `error of the gradient of ${name} along a direction`).toBeLessThanOrEqual(TOLERANCES.kernelGradient);
}

/** Whether a NaN in an input is seen in the value. */
async function poisoned(one: FusedCase, name: string): Promise<boolean> {
  const x = one.inputs[name] as Numbers;
  const values = x.values.slice();
  values[0] = Number.NaN;
  let seen = false;
  await scoped(async () => {
    const out = one.op(tensorsOf({ ...one.inputs, [name]: { ...x, values } }), one.attrs);
    seen = (await out.data()).some(Number.isNaN);
  });
  return seen;
}

const ADAMW = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, gradientScale: 0.3 };

async function checkAdamw(n: number, step: number): Promise<void> {
  const positive = (x: Numbers): Numbers => ({ ...x, values: x.values.map((v) => v * v) });
  const inputs = { p: gaussian(1, n), g: gaussian(2, n), m: gaussian(3, n), v: positive(gaussian(4, n)) };
  const attrs = { ...ADAMW, step };
  const tensors = tensorsOf(inputs) as { p: Tensor; g: Tensor; m: Tensor; v: Tensor };
  const read = (all: readonly Tensor[]) => Promise.all(all.map(async (t) => (await t.data()).slice()));
  const before = await read(Object.values(tensors));
  const got = adamw(tensors, attrs);
  const reference = adamw.reference(tensors, attrs);
  for (const [i, part] of ['p', 'm', 'v'].entries()) {
    await expectClose('kernel', got[i] as Tensor, reference[i] as Tensor, `${part} beside the reference`);
  }
  const all = (await read(got)).flatMap((values) => [...values]);
  expect(relativeError(all, exactAdamw(inputs, attrs)), 'error of the step').toBeLessThanOrEqual(TOLERANCES.kernel);
  expect(await read(Object.values(tensors)), 'the inputs after the step').toEqual(before);
  const nan = { ...tensors, g: toTensor({ ...inputs.g, values: inputs.g.values.map(() => Number.NaN) }) };
  expect((await adamw(nan, attrs)[0].data())[0], 'NaN in the gradient').toBeNaN();
}

/** A step from nothing, and one from its codes. A code may be the neighbor of the reference's where both are as near. */
async function checkAdamw8bit(n: number): Promise<void> {
  const p = toTensor(gaussian(1, n));
  let before: Adamw8bitResult = { p, m: codedZeros(n, true), v: codedZeros(n, false) };
  for (const step of [1, 2]) {
    const inputs = { ...before, g: toTensor(gaussian(1 + step, n)) };
    const [got, reference] = [adamw8bit, adamw8bit.reference].map((form) => form(inputs, { ...ADAMW, step })) as [
      Adamw8bitResult,
      Adamw8bitResult,
    ];
    await expectClose('kernel', got.p, reference.p, `p beside the reference, step ${step}`);
    for (const mean of ['m', 'v'] as const) {
      await expectClose('kernel', got[mean].scales, reference[mean].scales, `scales of ${mean}`);
      const [codes, wanted] = await Promise.all([got, reference].map((one) => codesOf(one[mean])));
      const off = (codes as number[]).map((code, i) => Math.abs(code - (wanted?.[i] as number)));
      expect(Math.max(...off), `codes of ${mean}, step ${step}`).toBeLessThanOrEqual(1);
      expect(off.filter(Boolean).length, `codes of ${mean} that differ, step ${step}`).toBeLessThanOrEqual(n / 100);
    }
    before = reference;
  }
  const nan = { p, g: toTensor({ ...gaussian(2, n), values: new Float64Array(n).fill(Number.NaN) }) };
  const none = adamw8bit({ ...nan, m: codedZeros(n, true), v: codedZeros(n, false) }, { ...ADAMW, step: 1 });
  expect((await none.p.data())[0], 'NaN in the gradient').toBeNaN();
}

const codesOf = async ({ words }: Coded): Promise<number[]> =>
  Array.from(await words.data(), (word) => [word & 255, (word >> 8) & 255, word >> 16]).flat();
