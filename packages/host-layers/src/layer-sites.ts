// The sites of a LayersModel: where each layer that a method can act on hands its work to a chain.
import { layerNorm } from '@peftjs/backend';
import type { Chains, Context, ConvSite, EmbeddingSite, LinearSite, NormSite, Site, StreamSite } from '@peftjs/core';
import { add, cast, conv2d, dropout, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import {
  type Conv2dLayer,
  type DropoutLayer,
  type EmbeddingLayer,
  type KernelLayer,
  type Layer,
  type LayerNormalizationLayer,
  type LayerVariable,
  onlyInput,
  type Placed,
} from './layer.ts';
import { denseLayout, filterLayout, type Layout, layerWeight, tableLayout } from './layer-weight.ts';

/** What a layer computes in place of its own `call`. */
export type Call = (x: Tensor, ctx: Context) => Tensor;

export interface Fitting {
  readonly sites: readonly Site[];
  readonly call: Call;
  /** Where the layer keeps the weight and bias of a site, so that they can be replaced. */
  readonly held: ReadonlyMap<Site, { readonly weight: LayerVariable; readonly bias: LayerVariable | null }>;
}

/** Makes the sites of a layer, or null where it is of no kind that has any. */
export type Fit = (placed: Placed, isOutput: boolean, chains: Chains) => Fitting | null;

const kernelParts = ({ layer }: Placed<KernelLayer>, layout: Layout) => ({
  weight: layerWeight(layer.kernel.val, layout),
  bias: layer.bias?.val ?? null,
});

const held = (site: Site, layer: KernelLayer): Fitting['held'] =>
  new Map([[site, { weight: layer.kernel, bias: layer.bias }]]);

const biased = (y: Tensor, bias: Tensor | null): Tensor => (bias === null ? y : add(y, bias));

function streamOf(path: string, dim: number): StreamSite {
  return { kind: 'stream', path, role: 'block', dim };
}

/** Runs the linear part through its chain, then the activation, then the stream's chain where the layer has one. */
function activated(layer: KernelLayer, chains: Chains, stream: StreamSite | null, linear: Call): Call {
  return (x, ctx) => {
    const y = linear(x, ctx);
    const active = layer.activation === null ? y : layer.activation.apply(y);
    return stream === null ? active : chains.run<'stream'>(stream, (h) => h, active, ctx);
  };
}

const dense: Fit = (placed, isOutput, chains) => {
  const { path, layer } = placed as Placed<KernelLayer>;
  const { weight, bias } = kernelParts(placed as Placed<KernelLayer>, denseLayout);
  const { inDim, outDim } = weight;
  const site: LinearSite = { kind: 'linear', path, role: isOutput ? 'head' : 'dense', inDim, outDim, weight, bias };
  const stream = isOutput ? null : streamOf(path, outDim);
  const base = (x: Tensor) => biased(site.weight.matMul(x), site.bias);
  return {
    sites: stream === null ? [site] : [site, stream],
    held: held(site, layer),
    call: activated(layer, chains, stream, (x, ctx) => chains.run<'linear'>(site, base, x, ctx)),
  };
};

const conv: Fit = (placed, _, chains) => {
  const { path, layer } = placed as Placed<Conv2dLayer>;
  if (layer.dataFormat !== 'channelsLast') return null;
  const { weight, bias } = kernelParts(placed as Placed<Conv2dLayer>, filterLayout);
  const [kh, kw, inDim, outDim] = layer.kernel.val.shape as [number, number, number, number];
  const convolve = (x: Tensor, filters: Tensor) =>
    conv2d(x as Tensor4D, filters as Tensor4D, layer.strides, layer.padding, 'NHWC', layer.dilationRate);
  const kind = { kind: 'conv', path, role: 'conv', inDim, outDim, kernel: [kh, kw] } as const;
  const site: ConvSite = { ...kind, weight, bias, convolve };
  const stream = streamOf(path, outDim);
  const base = (x: Tensor) => biased(convolve(x, layer.kernel.val), site.bias);
  return {
    sites: [site, stream],
    held: held(site, layer),
    call: activated(layer, chains, stream, (x, ctx) => chains.run<'conv'>(site, base, x, ctx)),
  };
};

const embedding: Fit = ({ path, layer }, _, chains) => {
  const { embeddings } = layer as EmbeddingLayer;
  const [vocab, dim] = embeddings.val.shape as [number, number];
  const weight = layerWeight(embeddings.val, tableLayout);
  const site: EmbeddingSite = { kind: 'embedding', path, role: 'embed', vocab, dim, weight };
  return {
    sites: [site],
    held: new Map([[site, { weight: embeddings, bias: null }]]),
    call: (x, ctx) => chains.run<'embedding'>(site, (ids) => site.weight.rows(ids), cast(x, 'int32'), ctx),
  };
};

const norm: Fit = ({ path, layer }, _, chains) => {
  const { gamma, beta, axis, epsilon: eps } = layer as LayerNormalizationLayer;
  const rank = (layer.outputShape as readonly unknown[]).length;
  const overLast = [axis].flat().every((a) => a === rank - 1 || a === -1);
  if (gamma === null || beta === null || !overLast || [axis].flat().length !== 1) return null;
  const dim = gamma.val.size;
  const site: NormSite = { kind: 'norm', path, role: 'norm', dim, gamma: gamma.val, beta: beta.val };
  return {
    sites: [site],
    held: new Map([[site, { weight: gamma, bias: beta }]]),
    call: (x, ctx) =>
      chains.run<'norm'>(
        site,
        (n) => layerNorm({ x: n.x, gamma: n.gamma, beta: n.beta as Tensor }, { eps }),
        { x, gamma: site.gamma, beta: site.beta },
        ctx,
      ),
  };
};

/** Drops by the pass's seed, so that a run resumes with the same numbers. */
const drop: Fit = ({ layer, path }) => {
  const { rate } = layer as DropoutLayer;
  const own = [...path].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 65_521, 1);
  return {
    sites: [],
    held: new Map(),
    call: (x, { training, seed }) => (training && rate > 0 ? dropout(x, rate, undefined, own + 65_537 * seed) : x),
  };
};

const FITS: Readonly<Record<string, Fit>> = {
  Dense: dense,
  Conv2D: conv,
  Embedding: embedding,
  LayerNormalization: norm,
  Dropout: drop,
};

export const fit: Fit = (placed, isOutput, chains) =>
  FITS[placed.layer.getClassName()]?.(placed, isOutput, chains) ?? null;

/** Puts `call` in the place of a layer's own. The undo puts that back. */
export function replaceCall(
  layer: Layer,
  call: Call,
  contextOf: (args: Parameters<Layer['call']>[1]) => Context,
): () => void {
  layer.call = (inputs, args) => call(onlyInput(inputs), contextOf(args));
  return () => {
    // The class's own shows again.
    Reflect.deleteProperty(layer, 'call');
  };
}
