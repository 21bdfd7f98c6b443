// The law of routes: whatever rows of a batch run, each gives what it gives when it is run alone, and learns from itself
// alone.
import { type Backend, valueAndGrads } from '@peftjs/backend';
import type { Adapter } from '@peftjs/core';
import type { CausalLM, KeyValueCache } from '@peftjs/models';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { dispose } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachAll, batchOf, named, type Row, routesOf, rowsOver, TERMS, through } from './routed-rows.ts';
import { describeRefusals } from './routing-refusals.ts';
import { batchFor, outputsOf, ROW_MODELS, type RowModel, rowOutputs } from './row-models.ts';

export function describeRouting(backend: Backend): void {
  describeOn(backend, 'rows of one batch', () => {
    leakGuard();
    for (const name of ['llama', 'gpt2', 'bert'] as const) describe(name, () => describeModel(ROW_MODELS[name]));
    describe('llama, low-rank terms alone', () => describeModel(ROW_MODELS.llama, TERMS));
    for (const name of ['llama', 'gpt2'] as const)
      describe(`${name}, step by step`, () => describeSteps(ROW_MODELS[name]));
    describe('llama, counted', () => describeCounts(ROW_MODELS.llama));
    describe('bad routes', describeRefusals);
  });
}

function describeModel(load: () => Promise<RowModel>, names?: readonly string[]): void {
  let model: RowModel;
  let adapters: readonly Adapter[];
  beforeEach(async () => {
    model = await load();
    adapters = attachAll(model, names);
  });
  afterEach(() => {
    for (const adapter of adapters) adapter.detach();
    model.dispose();
  });

  for (const pad of ['right', 'left'] as const) {
    it(`each give what they give alone, padded on the ${pad}`, () => {
      const rows = rowsOver(adapters);
      const mixed = outputsOf(model, batchOf(model, rows, pad), through(routesOf(rows)));
      const longest = Math.max(...rows.map(({ ids }) => ids.length));
      for (const [i, row] of rows.entries()) {
        const alone = outputsOf(model, batchOf(model, [row]), through(row.own));
        // On the left, padding comes to stand between a prompt and the tokens.
        const size = pad === 'right' ? alone.values.length : row.ids.length * (alone.shape.at(-1) as number);
        const found = rowOutputs(mixed, i, pad === 'right' ? longest - row.ids.length : 0);
        const error = relativeError(found.slice(-size), alone.values.slice(-size));
        expect(error, named(row)).toBeLessThanOrEqual(TOLERANCES.logits);
      }
    });
  }

  for (const again of [false, true]) {
    it(`each teach their own adapters${again ? ', activations computed again' : ''}`, () => {
      model.recompute = again;
      const rows = rowsOver(adapters);
      const parameters = adapters.flatMap((a) => a.parameters).filter((p) => p.trainable);
      const variables = parameters.map((p) => p.variable);
      const learn = (some: readonly Row[]) => {
        const { value, grads } = valueAndGrads(
          () => model.loss(batchOf(model, some), through(routesOf(some), true)),
          variables,
        );
        const found = [value, ...grads].map((t) => (t === null ? null : (t.dataSync().slice() as Float32Array)));
        dispose([value, ...grads.flatMap((g) => g ?? [])]);
        return found;
      };
      const sums: (Float32Array | null)[] = parameters.map(() => null);
      let loss = 0;
      for (const row of rows) {
        const [value, ...grads] = learn([row]);
        loss += value?.[0] as number;
        for (const [i, g] of grads.entries()) {
          const own = adapters.filter((a) => row.own.has(a)).flatMap((a) => a.parameters);
          if (g !== null && !own.includes(parameters[i] as (typeof parameters)[number]))
            expect(g.every((d) => d === 0)).toBe(true);
          const before = sums[i];
          if (g !== null) sums[i] = before ? before.map((d, k) => d + (g[k] as number)) : g;
        }
      }
      const [value, ...grads] = learn(rows);
      expect(relativeError(value as Float32Array, [loss])).toBeLessThanOrEqual(TOLERANCES.loss);
      for (const [i, { key }] of parameters.entries()) {
        expect(grads[i], key).not.toBeNull();
        const error = relativeError(grads[i] as Float32Array, sums[i] as Float32Array);
        expect(error, key).toBeLessThanOrEqual(TOLERANCES.gradient);
      }
    });
  }
}

function describeSteps(load: () => Promise<CausalLM>): void {
  it('each go on as they would alone, over several steps, a token or two at a time', async () => {
    const model = await load();
    const adapters = attachAll(model);
    const rows = rowsOver(adapters);
    const later = [1, 2, 1].map((n, i) => rows.map((_, row) => [row % 17, (row * 3 + i) % 17].slice(0, n)));
    const mixed = stepped(model, rows, later);
    for (const [i, row] of rows.entries()) {
      const own = later.map((part) => [part[i] as readonly number[]]);
      for (const [n, alone] of stepped(model, [row], own).entries()) {
        const v = alone.length;
        const error = relativeError((mixed[n] as Float32Array).slice(i * v, (i + 1) * v), alone);
        expect(error, `${named(row)}, step ${n}`).toBeLessThanOrEqual(TOLERANCES.logits);
      }
    }
    for (const adapter of adapters) adapter.detach();
    model.dispose();
  });
}

/** What a causal model has beside outputs and losses. */
function describeCounts(load: () => Promise<CausalLM>): void {
  it('each count what they predict, a first token only behind a prompt', async () => {
    const model = await load();
    const adapters = attachAll(model);
    for (const adapter of adapters) adapter.active = false;
    const rows = rowsOver(adapters);
    const targets = (some: readonly Row[]) => model.count(batchOf(model, some), through(routesOf(some))).targets;
    expect(targets(rows)).toBe(rows.reduce((sum, row) => sum + targets([row]), 0));
    const lengthened = rows.filter((row) => {
      const { shape } = outputsOf(model, batchOf(model, [row]), through(row.own));
      return (shape[1] as number) > row.ids.length;
    });
    expect(lengthened.length).toBeGreaterThan(0);
    expect(targets(rows)).toBe(model.count(batchOf(model, rows)).targets + lengthened.length);
    for (const adapter of adapters) adapter.detach();
    model.dispose();
  });
}

/** Logits [b v] after the rows, and after each part of what follows them. */
function stepped(
  model: CausalLM,
  rows: readonly Row[],
  later: readonly (readonly (readonly number[])[])[],
): readonly Float32Array[] {
  let cache: KeyValueCache | null = null;
  const found: Float32Array[] = [];
  for (const batch of [batchOf(model, rows, 'left'), ...later.map((part) => batchFor(model, part))]) {
    const after: ReturnType<CausalLM['step']> = model.step(batch, cache, through(routesOf(rows)));
    free(cache);
    cache = after.cache;
    found.push(after.logits.dataSync().slice() as Float32Array);
    after.logits.dispose();
  }
  free(cache);
  return found;
}

function free(cache: KeyValueCache | null): void {
  if (cache) dispose([cache.mask, ...cache.blocks.flatMap(({ k, v }) => [k, v])]);
}
