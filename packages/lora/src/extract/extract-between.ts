// What was trained into one model, found by comparing it with the base, as a LoRA adapter.
import { type Host, nearest, type Site, type WeightSite } from '@peftjs/core';
import type { Variable } from '@tensorflow/tfjs-core';
import { weightsOf } from './base-weight.ts';
import { type ExtractOptions, extractLora, type WeightChange } from './extract-lora.ts';
import type { Fit } from './fit.ts';
import type { FittedAdapter } from './write-adapter.ts';

export interface ExtractBetweenOptions extends Omit<ExtractOptions, 'base'> {
  /** Leaves out biases and norms that changed: an adapter of LoRA alone has no place for them. False when left out. */
  readonly matricesOnly?: boolean;
}

const hasMatrix = (site: Site): site is WeightSite => 'weight' in site;

/** What a site has besides its matrix. */
function vectorsOf(site: Site): Readonly<Record<string, Variable | null>> {
  if (site.kind === 'norm') return { weight: site.gamma, bias: site.beta };
  return site.kind === 'linear' || site.kind === 'conv' ? { bias: site.bias } : {};
}

/** Sites of the two hosts that have parameters, by pairs. */
function pairs(base: Host, tuned: Host): readonly (readonly [Site, Site])[] {
  const held = (host: Host) => host.sites().filter((site) => hasMatrix(site) || site.kind === 'norm');
  const others = new Map(held(tuned).map((site) => [site.path, site]));
  const found = held(base).map((site) => {
    const other = others.get(site.path);
    others.delete(site.path);
    if (other === undefined)
      throw new Error(`[peftjs/lora] the tuned model has no "${site.path}"${nearest(site.path, others.keys())}`);
    const shape = (s: Site) => (hasMatrix(s) ? `${s.kind} ${s.weight.outDim} x ${s.weight.inDim}` : s.kind);
    if (shape(other) !== shape(site))
      throw new Error(
        `[peftjs/lora] "${site.path}" is ${shape(site)} in the base and ${shape(other)} in the tuned model`,
      );
    return [site, other] as const;
  });
  const [extra] = others.keys();
  if (extra !== undefined) throw new Error(`[peftjs/lora] the base has no "${extra}", which the tuned model has`);
  return found;
}

async function isSame(a: Variable | null, b: Variable | null): Promise<boolean> {
  if (a === null || b === null) return a === b;
  const [p, q] = await Promise.all([a.data(), b.data()]);
  return p.length === q.length && p.every((value, i) => value === q[i]);
}

/** @throws when a bias or a norm has changed */
async function checkVectors(sites: readonly (readonly [Site, Site])[]): Promise<void> {
  for (const [site, other] of sites) {
    const theirs = vectorsOf(other);
    for (const [name, vector] of Object.entries(vectorsOf(site))) {
      if (await isSame(vector, theirs[name] as Variable | null)) continue;
      throw new Error(
        `[peftjs/lora] "${site.path}.${name}" has changed too, and LoRA has no place for it; leave biases and norms out with matricesOnly`,
      );
    }
  }
}

async function* changesOf(base: Host, tuned: Host): AsyncGenerator<WeightChange> {
  const [before, after] = [weightsOf(base), weightsOf(tuned)];
  for (const site of base.sites().filter(hasMatrix)) {
    const { values, outDim, inDim } = await before(site.path);
    const { path, kind } = site;
    yield {
      path,
      kind: kind === 'embedding' ? kind : 'linear',
      ...(kind === 'linear' && site.transposed ? { transposed: true } : {}),
      ...(kind === 'conv' ? { kernel: site.kernel, inDim: site.inDim } : { inDim }),
      outDim,
      before: values,
      after: (await after(path)).values,
    };
  }
}

/**
 * A LoRA adapter for `base` that makes of it what `tuned` is, as nearly as the fit asks for. A merged adapter counts as
 * part of a model's weights.
 *
 * @throws before anything is computed: the models differ in their modules, or in more than matrices
 * @example
 * const adapter = await extractLoraBetween(base, tuned, { r: 16 });
 */
export async function extractLoraBetween(
  base: Host,
  tuned: Host,
  fit: Fit,
  { matricesOnly = false, ...options }: ExtractBetweenOptions = {},
): Promise<FittedAdapter> {
  const sites = pairs(base, tuned);
  if (!matricesOnly) await checkVectors(sites);
  const about = { name: base.base.name, fingerprint: await base.base.fingerprint() };
  return extractLora(changesOf(base, tuned), fit, { ...options, base: about });
}
