// What goes into and comes out of the chain at each kind of site, checked against what the site says of itself.
import type { Host, In, Out, Site, SiteKind } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** What a site says of itself. */
export function expectSite(site: Site): void {
  const { path, role, kind } = site;
  expect(path, 'path').toMatch(/^[^.]+(\.[^.]+)*$/);
  expect(role, `role of ${path}`).not.toBe('');
  const whole = (...dims: number[]) => {
    expect(
      dims.every((d) => Number.isInteger(d) && d > 0),
      `dims of ${path}`,
    ).toBe(true);
  };
  switch (kind) {
    case 'linear':
      whole(site.inDim, site.outDim);
      expect([site.weight.outDim, site.weight.inDim], path).toEqual([site.outDim, site.inDim]);
      if (site.bias !== null) expect(site.bias.shape, path).toEqual([site.outDim]);
      break;
    case 'embedding':
      whole(site.vocab, site.dim);
      expect([site.weight.outDim, site.weight.inDim], path).toEqual([site.vocab, site.dim]);
      break;
    case 'norm':
      whole(site.dim);
      for (const one of [site.gamma, site.beta]) if (one !== null) expect(one.shape, path).toEqual([site.dim]);
      break;
    case 'attention':
      whole(site.heads, site.kvHeads, site.headDim, site.heads / site.kvHeads);
      break;
    case 'conv':
      whole(site.inDim, site.outDim, ...site.kernel);
      expect([site.weight.outDim, site.weight.inDim], path).toEqual([
        site.outDim,
        site.inDim * site.kernel[0] * site.kernel[1],
      ]);
      if (site.bias !== null) expect(site.bias.shape, path).toEqual([site.outDim]);
      break;
    case 'residual':
    case 'stream':
    case 'sequence':
      whole(site.dim);
      break;
    default:
      kind satisfies never;
  }
}

const shape = (x: unknown) => (x as Tensor).shape;

/** The input and output of one call of a site's chain. */
export function expectCall(site: Site, x: In<SiteKind>, y: Out<SiteKind>): void {
  const { path, kind } = site;
  switch (kind) {
    case 'linear':
      expect(shape(x).at(-1), path).toBe(site.inDim);
      expect(shape(y), path).toEqual([...shape(x).slice(0, -1), site.outDim]);
      break;
    case 'embedding':
      expect((x as Tensor).dtype, path).toBe('int32');
      expect(shape(y), path).toEqual([...shape(x), site.dim]);
      break;
    case 'norm': {
      const { x: input, gamma } = x as In<'norm'>;
      expect([shape(input).at(-1), ...shape(gamma)], path).toEqual([site.dim, site.dim]);
      expect(shape(y), path).toEqual(shape(input));
      break;
    }
    case 'attention': {
      const { q, k, v, mask } = x as In<'attention'>;
      const [b, t] = shape(q);
      expect(shape(q), path).toEqual([b, t, site.heads, site.headDim]);
      const keys = [b, shape(k)[1], site.kvHeads, site.headDim];
      expect([shape(k), shape(v), shape(mask)], path).toEqual([keys, keys, keys.slice(0, 2)]);
      expect(shape(y), path).toEqual(shape(q));
      break;
    }
    case 'conv':
      expect([shape(x).length, shape(x).at(-1)], path).toEqual([4, site.inDim]);
      expect([shape(y).length, shape(y)[0], shape(y).at(-1)], path).toEqual([4, shape(x)[0], site.outDim]);
      break;
    case 'residual':
      expect([shape(x).length, shape(x).at(-1)], path).toEqual([3, site.dim]);
      expect(shape(y), path).toEqual(shape(x));
      break;
    case 'stream':
      expect(shape(x).at(-1), path).toBe(site.dim);
      expect(shape(y), path).toEqual(shape(x));
      break;
    case 'sequence': {
      const { embeds, mask, positions, past, padding } = x as In<'sequence'>;
      const [b, t] = shape(embeds) as [number, number];
      expect([shape(embeds), shape(mask), shape(positions)], path).toEqual([
        [b, t, site.dim],
        [b, past + t],
        [b, t],
      ]);
      expect(positions.dtype, path).toBe('int32');
      expect(padding.length, path).toBe(b);
      break;
    }
    default:
      kind satisfies never;
  }
}

/** A value of the kind that differs from `y`. */
export function changed(kind: SiteKind, y: Out<SiteKind>, change: (x: Tensor) => Tensor): Out<SiteKind> {
  if (kind !== 'sequence') return change(y as Tensor);
  const sequence = y as Out<'sequence'>;
  return { ...sequence, embeds: change(sequence.embeds) };
}

/** The paths of a host's sites, with their kinds. */
export function names(host: Host): readonly string[] {
  return host.sites().map(({ kind, path }) => `${kind} ${path}`);
}
