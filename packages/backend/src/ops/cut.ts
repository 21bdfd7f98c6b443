// One tensor cut into several: what becomes of tensors that were joined, so that one operation served them all.
import { reshape, split, type Tensor } from '@tensorflow/tfjs-core';
import { engine, untaped } from '../engine.ts';
import { activeForm, type Replaceable } from '../fused-op.ts';

/**
 * @param x [n]
 * @param shapes of the pieces, whose sizes add up to n
 */
export type CutForm = (x: Tensor, shapes: readonly (readonly number[])[]) => readonly Tensor[];

const sizeOf = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

const reference: CutForm = (x, shapes) =>
  split(x, shapes.map(sizeOf)).map((piece, i) => reshape(piece, shapes[i] as number[]));

const call: CutForm = (x, shapes) => engine().tidy('Cut', () => untaped(() => activeForm('Cut', reference)(x, shapes)));

/** The pieces of a tensor, one after the other, in tensors of their own. Constants. */
export const cut: CutForm & Replaceable<CutForm> = Object.assign(call, { opName: 'Cut', reference });
