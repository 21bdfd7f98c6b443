// The suite that every host's test calls, on the backend that is active.
import { engine, type Random, random } from '@peftjs/backend';
import {
  type Context,
  type In,
  type Link,
  type Out,
  replaceHeld,
  type Site,
  type SiteKind,
  type StoredTensor,
  type Undo,
} from '@peftjs/core';
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostCase, INFERENCE, read, readWeights, TRAINING } from './host-case.ts';
import { leakGuard } from './leak-guard.ts';
import { changed, expectCall, expectSite, names } from './site-shapes.ts';

type AnyLink = Link<SiteKind>;

const identity: AnyLink = (base, x) => base(x);

function shuffled<T>(items: readonly T[], next: Random): T[] {
  return items
    .map((item) => [next(), item] as const)
    .sort(([p], [q]) => p - q)
    .map(([, item]) => item);
}

/**
 * Runs the conformance suite on a host.
 *
 * @example
 * describeOn(cpu(), 'hosts', () => describeHost('llama', tinyLlama));
 */
export function describeHost(name: string, makeCase: () => Promise<HostCase>): void {
  describe(name, () => {
    let one: HostCase;
    let plain: Float32Array = new Float32Array();
    const wrap = (site: Site, link: AnyLink): Undo => one.host.wrap(site as never, link as never);
    const output = (ctx: Context = INFERENCE) => read(() => one.output(ctx));

    beforeAll(async () => {
      one = await makeCase();
      plain = output();
    });
    afterAll(() => one.dispose());
    leakGuard();

    it('lists its sites, each once and always the same', () => {
      const sites = one.host.sites();
      expect(sites.length).toBeGreaterThan(0);
      expect(new Set(names(one.host)).size).toBe(sites.length);
      for (const site of sites) expectSite(site);
      expect(one.host.sites().every((site, i) => site === sites[i])).toBe(true);
    });

    it('says which model it is', async () => {
      const { base } = one.host;
      expect(base.name).not.toBe('');
      expect(await base.fingerprint()).toBe(await base.fingerprint());
    });

    it('gives the same twice', () => {
      expect(output()).toEqual(plain);
      expect(plain.every(Number.isFinite)).toBe(true);
    });

    it('runs every site through its chain, which gets and gives the shapes of its kind and the context', () => {
      const called = new Set<Site>();
      const undos = one.host.sites().map((site) =>
        wrap(site, (base, x, ctx) => {
          called.add(site);
          expect(ctx).toMatchObject(TRAINING);
          const y = base(x);
          expectCall(site, x, y);
          return y;
        }),
      );
      output(TRAINING);
      for (const undo of undos) undo();
      expect(one.host.sites().filter((site) => !called.has(site))).toEqual([]);
    });

    it('computes with what a link gives', () => {
      const last = one.host.sites().filter((site) => site.kind !== 'sequence' && site.kind !== 'norm');
      for (const site of [...last, ...one.host.sites().filter((site) => site.kind === 'sequence')]) {
        const undo = wrap(site, (base, x) => changed(site.kind, base(x), (y) => mul(y, -0.5)));
        expect(output(), `with ${site.kind} ${site.path} changed`).not.toEqual(plain);
        undo();
        expect(output(), `with ${site.kind} ${site.path} as it was`).toEqual(plain);
      }
    });

    it('is not changed by links that do nothing, and not by taking them off in any order, once or twice', () => {
      const next = random(5);
      for (let round = 0; round < 3; round++) {
        const undos = [1, 2, 3].flatMap(() => one.host.sites().map((site) => wrap(site, identity)));
        expect(output()).toEqual(plain);
        for (const undo of shuffled(undos, next)) {
          undo();
          if (next() < 0.1) undo();
        }
        expect(output()).toEqual(plain);
      }
    });

    it('runs links in the order in which they were put on, the last on top', () => {
      const ran: string[] = [];
      const note =
        (label: string): AnyLink =>
        (base, x) => {
          ran.push(label);
          return base(x);
        };
      const site = one.host.sites().find(({ kind }) => kind === 'linear') as Site;
      const [first, second, third] = ['first', 'second', 'third'].map((label) => wrap(site, note(label)));
      output();
      expect(ran).toEqual(['third', 'second', 'first']);
      second?.();
      ran.length = 0;
      output();
      expect(ran).toEqual(['third', 'first']);
      for (const undo of [first, third]) undo?.();
    });

    it('takes the same link twice, and takes off the one that was asked for', () => {
      let ran = 0;
      const site = one.host.sites().find(({ kind }) => kind === 'linear') as Site;
      const count = (base: (x: In<SiteKind>) => Out<SiteKind>, x: In<SiteKind>): Out<SiteKind> => {
        ran++;
        return base(x);
      };
      const [first, second] = [wrap(site, count), wrap(site, count)];
      output();
      expect(ran).toBe(2);
      first?.();
      ran = 0;
      output();
      expect(ran).toBe(1);
      second?.();
      expect(output()).toEqual(plain);
    });

    it('computes with another weight until the undo', () => {
      const before = readWeights(one.host);
      for (const site of one.host.sites()) {
        if (!('weight' in site)) continue;
        const { weight } = site;
        const next = engine().tidy(() => weight.encode(mul(weight.read(), 0.5)));
        const undo = one.host.setWeight(site, next);
        expect(site.weight).toBe(next);
        expect(output(), `with half of ${site.path}`).not.toEqual(plain);
        undo();
        expect(site.weight).toBe(weight);
        expect(output()).toEqual(plain);
        expect(read(() => next.read())).toHaveLength(next.inDim * next.outDim);
        next.dispose();
      }
      expect(readWeights(one.host)).toEqual(before);
    });

    it('computes with other numbers in the place of all that it says to hold, until the undo', () => {
      const { host } = one;
      const [before, stored] = [readWeights(host), host.stored?.() ?? []];
      if (stored.length === 0) return;
      expect(new Set(stored.map((each) => each.name)).size).toBe(stored.length);
      const replacements = stored.map(({ held }) => ({ held, next: halfOf(held) }));
      const undo = replaceHeld(host, replacements, { ...host.base, name: 'half' });
      expect(output()).not.toEqual(plain);
      const half = readWeights(host);
      for (const [i, values] of before.entries()) expect(half[i]).toEqual(values.map((v) => v / 2));
      undo();
      expect(output()).toEqual(plain);
      expect(readWeights(host)).toEqual(before);
      for (const { next } of replacements) next.dispose();
    });
  });
}

function halfOf(held: StoredTensor['held']) {
  const half = (x: Tensor) => engine().keep(mul(x, 0.5));
  return engine().tidy(() => {
    if (!('encode' in held)) return half(held);
    return held.variable ? half(held.variable) : held.encode(mul(held.read(), 0.5));
  });
}
