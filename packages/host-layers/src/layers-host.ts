// Any tf.LayersModel as a host: its Dense, Conv2D, Embedding and LayerNormalization layers become sites. The model's own
// `predict`, `save` and `summary` go on working, with whatever is attached.
import { engine } from '@peftjs/backend';
import { fingerprint } from '@peftjs/checkpoint';
import {
  type Context,
  checkRoutes,
  createChains,
  type Host,
  type NormSite,
  type Parameter,
  type StoredTensor,
  type Trainable,
  type WeightSite,
} from '@peftjs/core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { countRows, defaultLoss, type FeedBatch, feedBatch } from './feed-batch.ts';
import { type CallArgs, type Layer, type LayerVariable, layersOf } from './layer.ts';
import { fit, replaceCall } from './layer-sites.ts';
import type { LayerWeight } from './layer-weight.ts';

export interface LayersHostOptions<B> {
  /** What the base is called in adapters' files; the model's name when left out. */
  readonly name?: string;
  /** Makes the model's inputs of a batch; `pixels` or `inputIds` in the batch's `shape` when left out. */
  readonly feed?: (batch: B) => Tensor | Tensor[];
  /** Sum of the losses of a batch; for a model that ends in softmax the cross-entropy with `labels` when left out. */
  readonly loss?: (output: Tensor, batch: B) => Tensor;
  /** Targets and rows of a batch; both the number of labels when left out. */
  readonly count?: (batch: B) => { readonly targets: number; readonly tokens: number };
}

export interface LayersHost<B> extends Host {
  readonly model: LayersModel;
  /** The model's (first) output. */
  output(batch: B, ctx?: Context): Tensor;
  loss(batch: B, ctx: Context): Tensor;
  count(batch: B): { readonly targets: number; readonly tokens: number };
  /** The model's trainable weights, to train it whole. */
  parameters(): Trainable;
  /** Gives the layers their own functions back. The model and its weights stay. */
  release(): void;
}

const INFERENCE: Context = { training: false, seed: 0 };
/** The name under which a context travels among the keyword arguments of a pass. */
const CONTEXT = 'peftjsContext';

const hosts = new WeakMap<LayersModel, unknown>();

/**
 * Makes a host of a model. Once a model: until `release`, another call is an error.
 *
 * @throws when no layer of the model is of a kind that a method can act on
 * @example
 * const host = layersHost(model);
 * const adapter = attach(host, lora({ r: 4 }));
 * for await (const event of train(host, batches, { learningRate: 1e-3 })) console.log(event);
 */
export function layersHost<B = FeedBatch>(model: LayersModel, options: LayersHostOptions<B> = {}): LayersHost<B> {
  if (hosts.has(model))
    throw new Error(`[peftjs/host-layers] "${model.name}" is a host already; use that, or release it`);
  const { name = model.name } = options;
  const { feed, loss, count } = { feed: feedBatch, loss: defaultLoss(model), count: countRows, ...options } as Required<
    LayersHostOptions<B>
  >;

  const chains = createChains();
  const outputs = new Set(model.outputs.map((out) => out.sourceLayer as unknown as Layer));
  const fittings = layersOf(model).flatMap((placed) => {
    const fitting = fit(placed, outputs.has(placed.layer), chains);
    return fitting === null ? [] : [{ ...fitting, layer: placed.layer }];
  });
  const sites = fittings.flatMap((f) => f.sites);
  if (sites.length === 0) {
    const kinds = [...new Set(layersOf(model).map(({ layer }) => layer.getClassName()))].join(', ');
    throw new Error(
      `[peftjs/host-layers] "${model.name}" has no layer to act on, only ${kinds}; Dense, Conv2D, Embedding and LayerNormalization are known`,
    );
  }
  const held = new Map(fittings.flatMap((f) => [...f.held]));
  const hash = hashOf(model);
  const contextOf = (args: CallArgs | undefined): Context =>
    (args?.[CONTEXT] as Context | undefined) ?? { ...INFERENCE, training: args?.training === true };
  const undos = fittings.map(({ layer, call }) => replaceCall(layer, call, contextOf));

  const host: LayersHost<B> = {
    base: { name, fingerprint: () => hash },
    model,
    sites: () => sites,
    wrap: chains.wrap,
    setWeight: (site, weight, bias) => setWeight(site, held.get(site) as Held, weight as LayerWeight, bias),
    stored: () => storedOf(model),
    setNorm: (site, gamma, beta) => setNorm(site, held.get(site) as Held, gamma, beta),
    output: (batch, ctx = INFERENCE) =>
      engine().tidy(() => {
        const inputs = feed(batch);
        if (ctx.routes) checkRoutes(host, ctx.routes, [inputs].flat()[0]?.shape[0]);
        // Layers that keep statistics of what they see (BatchNormalization) must not: the base stays what it is.
        const out = model.apply(inputs, { training: false, [CONTEXT]: ctx }) as Tensor | Tensor[];
        return [out].flat()[0] as Tensor;
      }),
    loss: (batch, ctx) => engine().tidy(() => loss(host.output(batch, ctx), batch)),
    count,
    parameters: () => ({ parameters: parametersOf(model) }),
    release() {
      for (const undo of undos) undo();
      hosts.delete(model);
    },
  };
  hosts.set(model, host);
  return host;
}

interface Held {
  readonly weight: LayerVariable;
  readonly bias: LayerVariable | null;
}

/** Points a layer's variables elsewhere, so that the model saves what it computes. */
function pointTo(path: string, { weight, bias }: Held, next: Variable, nextBias: Variable | undefined): () => void {
  if (nextBias !== undefined && bias === null) {
    throw new Error(`[peftjs/host-layers] "${path}" has no bias in this model, and cannot be given one`);
  }
  const before = [weight.val, bias?.val] as const;
  weight.val = next;
  if (bias && nextBias) bias.val = nextBias;
  return () => {
    weight.val = before[0];
    if (bias && nextBias) bias.val = before[1] as Variable;
  };
}

function setWeight(site: WeightSite, layer: Held, weight: LayerWeight, bias: Variable | undefined): () => void {
  if (weight.kept === undefined) {
    throw new Error(
      `[peftjs/host-layers] "${site.path}" cannot hold a weight that is stored in another way; keep float32`,
    );
  }
  const back = pointTo(site.path, layer, weight.kept, bias);
  const before = { ...site };
  Object.assign(site, { weight, ...(bias && { bias }) });
  return () => {
    back();
    Object.assign(site, { weight: before.weight, ...(bias && 'bias' in before && { bias: before.bias }) });
  };
}

function setNorm(site: NormSite, layer: Held, gamma: Variable, beta: Variable | undefined): () => void {
  const back = pointTo(site.path, layer, gamma, beta);
  const before = { gamma: site.gamma, beta: site.beta };
  Object.assign(site, { gamma, ...(beta && { beta }) });
  return () => {
    back();
    Object.assign(site, before);
  };
}

function parametersOf(model: LayersModel): readonly Parameter[] {
  return model.trainableWeights.map((weight) => ({
    key: weight.originalName,
    variable: weight.read() as Variable,
    trainable: true,
    saved: true,
  }));
}

/** The model's weights, trainable or not, by their numbers. */
function storedOf(model: LayersModel): readonly (StoredTensor & { readonly held: Variable })[] {
  return model.weights.map((weight, i) => {
    const held = weight.read() as Variable;
    return { name: String(i), shape: held.shape, held };
  });
}

/** Hashes the weights as they are now; they are read before anything can change them. */
function hashOf(model: LayersModel): Promise<string> {
  const entries = storedOf(model).map(({ name, shape, held }) => ({ name, dtype: 'F32', shape, read: held.data() }));
  const all = async function* () {
    for (const { read, ...entry } of entries) {
      const data = await read;
      yield { ...entry, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
    }
  };
  const hash = fingerprint(all());
  // Whoever asks for it is told; nobody may ask.
  hash.catch(() => undefined);
  return hash;
}
