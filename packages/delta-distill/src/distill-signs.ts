// BitDelta's scale distillation (Liu et al., arXiv 2402.10193): the changes of matrices become their signs, and the scales of
// the signs are trained until what the model says is what the fine-tuned one says.
import { engine, nextTurn } from '@peftjs/backend';
import { diskFolder, type Folder, openWeights } from '@peftjs/checkpoint';
import { replaceHeld, type StoredTensor, type Undo, type Weight } from '@peftjs/core';
import { type CodecChoice, exact, sign } from '@peftjs/delta';
import { quote } from '@peftjs/safetensors';
import { type Batches, distillFactors, type LogitModel, type StepEvent } from '@peftjs/train';
import { type Tensor, transpose } from '@tensorflow/tfjs-core';
import { type SignedChange, signedChange } from './signed-change.ts';

export interface DistillOptions {
  /** A scale for each row of a matrix, in place of one for the matrix as in the paper. True when left out. */
  readonly perRow?: boolean;
  /** 100 when left out. */
  readonly steps?: number;
  /** As a share of a scale; 0.05 when left out, and from there it falls to 0. */
  readonly learningRate?: number;
  readonly onStep?: (event: StepEvent) => void;
  readonly signal?: AbortSignal;
}

export interface DistilledSigns {
  /** By the names of the matrices in the models' files. */
  readonly scales: ReadonlyMap<string, Float32Array>;
  /** For `diff`: signs with these scales, and `exact()` for all else. */
  readonly codec: CodecChoice;
}

/**
 * Makes the changes of a fine-tuned model's layers and tables their signs, and trains the scales. The loss is the divergence from what
 * the model itself says of the same batches, so that nothing is learned but to be it. Afterwards the model is as it was.
 *
 * @param model the fine-tuned one, its weights in float32 as its file has them
 * @param base the folder of what it was made of
 * @param batches texts of the kind that it is for; labels do not count
 * @throws where the model does not say what it holds, or a matrix of it is not in the base
 * @example
 * const { codec } = await distillSigns(await loadModel('out/tuned'), 'models/base', batches);
 * await diff('models/base', 'out/tuned', 'out/delta', { codec });
 */
export async function distillSigns<B>(
  model: LogitModel<B>,
  base: string | Folder,
  batches: Batches<B>,
  { perRow = true, steps = 100, learningRate = 0.05, onStep, signal }: DistillOptions = {},
): Promise<DistilledSigns> {
  const changes = new Map<string, SignedChange>();
  let putBack: Undo = () => undefined;
  const signs = () => [...changes.values()].map(({ held, weight }) => ({ held, next: weight }));
  /** The fine-tuned model's own view, for which the model is itself again. */
  const teach = (batch: B): Tensor => {
    putBack();
    try {
      return model.logits(batch);
    } finally {
      putBack = replaceHeld(model, signs(), model.base);
    }
  };
  try {
    await readChanges(model, base, perRow, changes);
    const factors = [...changes.values()].map((change) => change.factors);
    await distillFactors(model, teach, batches, factors, { steps, learningRate, onStep, signal });
    const scales = new Map<string, Float32Array>();
    for (const [name, change] of changes) scales.set(name, await change.scales());
    const codec: CodecChoice = ({ name }) => {
      const trained = scales.get(name);
      return trained ? sign({ scales: trained }) : exact();
    };
    return { scales, codec };
  } finally {
    putBack();
    for (const change of changes.values()) change.dispose();
  }
}

async function readChanges(
  model: LogitModel<unknown>,
  folder: string | Folder,
  perRow: boolean,
  changes: Map<string, SignedChange>,
): Promise<void> {
  if (model.stored === undefined)
    throw new Error(
      `[peftjs/delta-distill] ${quote(model.base.name)} does not say what it holds, as a host's "stored" does; use sign() without trained scales`,
    );
  const source = typeof folder === 'string' ? diskFolder(folder) : folder;
  const base = await openWeights(source);
  for (const one of model.stored()) {
    if (!isMatrix(one)) continue;
    await nextTurn();
    const name = model.base.file?.nameOf(one.name) ?? one.name;
    const found = base.tensors.get(name);
    if (found === undefined || String(found.shape) !== String(one.shape))
      throw new Error(
        `[peftjs/delta-distill] ${source.location} has ${found ? `${quote(name)} of the shape [${found.shape}], not [${one.shape}]` : `no ${quote(name)}`}; give the base of ${quote(model.base.name)}`,
      );
    const from = await base.readFloat32(name);
    const to = await numbersOf(one);
    if (to.some((value, at) => value !== from[at])) changes.set(name, signedChange(from, to, one, perRow));
  }
}

type Matrix = StoredTensor & { readonly held: Weight };

function isMatrix(one: StoredTensor): one is Matrix {
  return 'encode' in one.held && one.unused !== true;
}

/** In the order that a file has them in. */
async function numbersOf({ held, transposed }: Matrix): Promise<Float32Array> {
  const inFile = engine().tidy(() => (transposed ? transpose(held.read()) : held.read()));
  const values = await inFile.data<'float32'>();
  inFile.dispose();
  return values.slice();
}
