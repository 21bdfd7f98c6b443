// The tensors of a model as its file has them: names, shapes, and what holds the numbers.
import { engine } from '@peftjs/backend';
import type { FileCodes, Site, StoredTensor } from '@peftjs/core';
import { transpose, type Variable } from '@tensorflow/tfjs-core';

/** A weight that belongs to no site. */
export interface LooseTensor extends StoredTensor {
  readonly held: Variable;
}

/**
 * Each once, what several sites share under the first one's name.
 *
 * @param fileName a module's name in the file, given its path
 */
export function storedTensors(
  sites: readonly Site[],
  loose: readonly LooseTensor[],
  fileName: (path: string) => string,
): readonly StoredTensor[] {
  const found = new Map<object, StoredTensor>(loose.map((one) => [one.held, one]));
  const enter = (one: StoredTensor) => {
    const first = found.get(one.held);
    const linear = [...(first?.linear ?? []), ...(one.linear ?? [])];
    found.set(one.held, { ...(first ?? one), ...(linear.length > 0 && { linear }) });
  };
  for (const site of sites) {
    const name = fileName(site.path);
    if ('weight' in site) {
      const { weight } = site;
      const transposed = site.kind === 'linear' && site.transposed === true;
      const matrix = transposed ? [weight.inDim, weight.outDim] : [weight.outDim, weight.inDim];
      const shape = site.kind === 'conv' ? [site.outDim, site.inDim, ...site.kernel] : matrix;
      const linear = site.kind === 'linear' ? { linear: [name], transposed } : {};
      enter({ name: `${name}.weight`, shape, held: weight, ...linear });
    }
    if ('bias' in site && site.bias) enter({ name: `${name}.bias`, shape: site.bias.shape, held: site.bias });
    if (site.kind === 'norm') {
      enter({ name: `${name}.weight`, shape: [site.dim], held: site.gamma });
      if (site.beta) enter({ name: `${name}.bias`, shape: [site.dim], held: site.beta });
    }
  }
  return [...found.values()];
}

/**
 * The codes that a file can have in place of a tensor's numbers; null where it cannot. Programs that read such files have codes in
 * linear layers alone.
 */
export async function codesOf({ name, held, linear, transposed }: StoredTensor): Promise<FileCodes | null> {
  if (!('encode' in held) || transposed || name !== `${linear?.[0]}.weight`) return null;
  return (await held.fileCodes?.()) ?? null;
}

/** The numbers of a tensor as the file has them. */
export async function numbersOf({ held, transposed: turned }: StoredTensor): Promise<Float32Array> {
  if (!('encode' in held)) return (await held.data()) as Float32Array;
  const out = engine().tidy(() => (turned ? transpose(held.read()) : held.read()));
  const values = (await out.data()) as Float32Array;
  out.dispose();
  return values;
}
