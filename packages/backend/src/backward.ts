// The backward pass: a reverse walk over tfjs's tape that frees each saved tensor and each intermediate gradient as soon
// as it has been used, where tfjs holds them all until the end.
import { add, ones, type Tensor } from '@tensorflow/tfjs-core';
import { engine, type TapeNode } from './engine.ts';

/** A value and its gradients; `null` where the value does not depend on that tensor. */
export interface ValueAndGrads {
  readonly value: Tensor;
  readonly grads: readonly (Tensor | null)[];
}

const STEPS: ReadonlySet<string> = new Set(['bool', 'int32', 'string']);

/** The pass that is running, for `recompute`. */
let running: { readonly tape: readonly TapeNode[]; readonly asked: readonly Tensor[] } | null = null;

/**
 * The value of `f` and its gradients for `xs`.
 *
 * @param f gives a scalar, or any tensor when `dy` is given
 * @param xs float32 tensors or variables; nothing is computed for what is not among them
 * @param dy gradient of the final value by `f`'s, of `f`'s shape; 1 when left out
 * @throws when an operation on the way has no gradient
 * @example
 * const { value, grads } = valueAndGrads(() => tf.sum(tf.square(x)), [x]);
 */
export function valueAndGrads(f: () => Tensor, xs: readonly Tensor[], dy?: Tensor): ValueAndGrads {
  const e = engine();
  const { state } = e;
  const outer = { tape: state.activeTape, gradientDepth: state.gradientDepth, kernelDepth: state.kernelDepth, running };
  const tape: TapeNode[] = [];
  try {
    return e.tidy(() => {
      state.activeTape = tape;
      state.gradientDepth = 1;
      state.kernelDepth = 0;
      running = { tape, asked: xs };
      const value = e.tidy(f);
      state.gradientDepth = 0;
      const seed = dy === undefined ? ones(value.shape) : dy.clone();
      return { value, grads: walk(tape, xs, value, seed) };
    });
  } finally {
    for (const node of tape) release(node);
    state.activeTape = outer.tape;
    state.gradientDepth = outer.gradientDepth;
    state.kernelDepth = outer.kernelDepth;
    running = outer.running;
  }
}

/** Ids of the tensors that depend on one of `xs`. A comparison or a whole number is a constant: it moves in steps. */
function dependents(tape: readonly TapeNode[], xs: readonly Tensor[]): Set<number> {
  const ids = new Set(xs.map((x) => x.id));
  for (const node of tape) {
    if (!Object.values(node.inputs).some((input) => input && ids.has(input.id))) continue;
    for (const out of node.outputs) if (!STEPS.has(out.dtype)) ids.add(out.id);
  }
  return ids;
}

function walk(tape: readonly TapeNode[], xs: readonly Tensor[], value: Tensor, seed: Tensor): (Tensor | null)[] {
  const depends = dependents(tape, xs);
  const wanted = new Set(xs.map((x) => x.id));
  const grads = new Map<number, Tensor>([[value.id, seed]]);
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i] as TapeNode;
    const dys = node.outputs.map((out) => grads.get(out.id));
    if (dys.some((d) => d !== undefined) && node.outputs.some((out) => depends.has(out.id)))
      step(node, dys, depends, grads);
    release(node);
    for (const out of node.outputs) {
      const spent = grads.get(out.id);
      if (spent === undefined || wanted.has(out.id)) continue;
      grads.delete(out.id);
      spent.dispose();
    }
  }
  return xs.map((x) => grads.get(x.id) ?? null);
}

/** Adds what one operation passes down to the gradients of its inputs. */
function step(
  node: TapeNode,
  dys: (Tensor | undefined)[],
  depends: ReadonlySet<number>,
  grads: Map<number, Tensor>,
): void {
  const { gradient } = node;
  if (gradient === undefined) {
    throw new Error(
      `[peftjs/backend] "${node.kernelName}" has no gradient; write it as a fusedOp, or use another operation`,
    );
  }
  engine().tidy(() => {
    const closures = gradient([...dys]);
    const found: Tensor[] = [];
    const ids: number[] = [];
    for (const [name, input] of Object.entries(node.inputs)) {
      if (!input || !depends.has(input.id)) continue;
      const closure = closures[name];
      if (closure === undefined) {
        throw new Error(`[peftjs/backend] the gradient of "${node.kernelName}" leaves out its input "${name}"`);
      }
      const d = closure();
      if (d === null) continue;
      if (d.shape.join() !== input.shape.join()) {
        throw new Error(
          `[peftjs/backend] the gradient of "${node.kernelName}" for "${name}" has shape [${d.shape}], its input has [${input.shape}]`,
        );
      }
      // A gradient handed through, handed to two inputs or kept elsewhere gets a handle of its own, to be freed alone.
      found.push(d.kept || dys.includes(d) || found.includes(d) ? d.clone() : d);
      ids.push(input.id);
    }
    for (const [k, d] of found.entries()) {
      const id = ids[k] as number;
      const before = grads.get(id);
      grads.set(id, before === undefined ? d : add(before, d));
      if (before !== undefined) {
        before.dispose();
        d.dispose();
      }
    }
    return [...new Set(ids)].map((id) => grads.get(id) as Tensor);
  });
}

function release(node: TapeNode): void {
  for (const tensor of node.saved ?? []) tensor.dispose();
}

/**
 * Activation checkpointing (Chen et al., arXiv 1604.06174): runs `f` without keeping its activations, and runs it again
 * in the backward pass. `f` may read its arguments and the tensors that are being trained, and nothing else that was
 * computed during this forward pass: the gradient of such a tensor would be lost.
 *
 * @param f a pure function of its arguments; gives the same again when it is run again
 * @param x the argument that gradients flow to
 * @param constants arguments that they do not flow to
 */
export function recompute(f: (x: Tensor, ...constants: Tensor[]) => Tensor, x: Tensor, ...constants: Tensor[]): Tensor {
  const e = engine();
  const { activeTape, gradientDepth, kernelDepth } = e.state;
  // On the tape of tfjs's own gradients nobody knows which tensors `f` reads besides, so it is run as it is.
  if (gradientDepth === 0 || kernelDepth > 0 || running?.tape !== activeTape) return f(x, ...constants);
  const parameters = running.asked;
  const inputs: Record<string, Tensor> = { x };
  for (const [i, p] of parameters.entries()) inputs[i] = p;
  return e.runKernelFunc({
    forwardFunc: (_backend, save) => {
      const out = f(x, ...constants);
      save([x, ...constants]);
      return out;
    },
    backwardsFunc: (dy, saved) => {
      const [again, ...rest] = saved as [Tensor, ...Tensor[]];
      let grads: readonly (Tensor | null)[] | undefined;
      const at = (i: number) => () => {
        if (grads === undefined) {
          const pass = valueAndGrads(() => f(again, ...rest), [again, ...parameters], dy as Tensor);
          pass.value.dispose();
          grads = pass.grads;
        }
        return grads[i] as Tensor | null;
      };
      const closures: Record<string, () => Tensor | null> = { x: at(0) };
      for (const i of parameters.keys()) closures[i] = at(i + 1);
      return closures;
    },
    inputs,
    attrs: {},
  }) as Tensor;
}
