// A fused op: a reference form that runs everywhere, and in its place whatever the active backend has registered.
import type { Tensor } from '@tensorflow/tfjs-core';
import { engine, inScope } from './engine.ts';

/** Named input tensors of an op. */
export type Inputs = Readonly<Record<string, Tensor>>;

/** One way to compute an op and its gradient. The reference is one; a backend's kernel is another. */
export interface Form<I extends Inputs, A extends object> {
  /** `saved` are the tensors that `grad` will read: inputs, the output, or extra ones computed on the way. */
  forward(inputs: I, attrs: A): { readonly out: Tensor; readonly saved: readonly Tensor[] };
  /**
   * Gradients by input, as closures: one that nobody needs costs nothing. An input without one is a constant.
   * @param dy gradient of the output, of its shape
   */
  grad(dy: Tensor, saved: readonly Tensor[], attrs: A): { readonly [K in keyof I]?: () => Tensor };
}

/** Something that a backend may compute in its own way: an op, or an update of several tensors at once. */
export interface Replaceable<F> {
  readonly opName: string;
  readonly reference: F;
}

/** An op owned by this package; called as a function. */
export interface FusedOp<I extends Inputs = Inputs, A extends object = object> extends Replaceable<Form<I, A>> {
  (inputs: I, attrs: A): Tensor;
}

/** A backend's form of an op. */
export interface Kernel {
  readonly opName: string;
  readonly form: unknown;
}

const registered = new Map<string, ReadonlyMap<string, unknown>>();

/** Pairs an op with a backend's form of it. */
export function kernel<F>(op: Replaceable<F>, form: F): Kernel {
  return { opName: op.opName, form };
}

/** Makes `kernels` the forms that run while the backend of this name is active. */
export function registerKernels(backendName: string, kernels: readonly Kernel[]): void {
  registered.set(backendName, new Map(kernels.map((k) => [k.opName, k.form])));
}

/** Whether the active backend computes this op in its own way. */
export function hasKernel(op: Replaceable<unknown>): boolean {
  return registered.get(engine().backendName)?.has(op.opName) ?? false;
}

/** The form of an op that runs now. */
export function activeForm<F>(opName: string, reference: F): F {
  return (registered.get(engine().backendName)?.get(opName) as F | undefined) ?? reference;
}

/**
 * Makes an op of a reference form, recorded on the tape as one operation.
 *
 * @example
 * const double = fusedOp('Double', {
 *   forward: ({ x }) => ({ out: mul(x, 2), saved: [] }),
 *   grad: (dy) => ({ x: () => mul(dy, 2) }),
 * });
 */
export function fusedOp<I extends Inputs, A extends object>(opName: string, reference: Form<I, A>): FusedOp<I, A> {
  const call = (inputs: I, attrs: A): Tensor => {
    const e = engine();
    const form = activeForm(opName, reference);
    return e.tidy(
      opName,
      () =>
        e.runKernelFunc({
          forwardFunc: (_backend, save) => {
            const { out, saved } = form.forward(inputs, attrs);
            save(saved);
            return out;
          },
          backwardsFunc: (dy, saved) => {
            const closures = form.grad(dy as Tensor, saved, attrs);
            const { activeScope } = e.state;
            const gradients: Record<string, () => Tensor | null> = {};
            for (const name of Object.keys(inputs)) {
              const closure = closures[name];
              // tfjs tidies each closure apart, and would free what they share; and it frees dy as if it were a sum of its own.
              const shared = () =>
                inScope(activeScope, () => {
                  const d = closure?.() ?? null;
                  return d === dy ? d.clone() : d;
                });
              gradients[name] = shared;
            }
            return gradients;
          },
          inputs,
          attrs,
        }) as Tensor,
    );
  };
  return Object.assign(call, { opName, reference });
}
