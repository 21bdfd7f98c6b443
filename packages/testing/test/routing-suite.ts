// The law of routes: whatever rows of a batch run, each gives what it gives when it is run alone, and learns from itself
// alone.
import { type Backend, valueAndGrads } from '@peftjs/backend';
import { type Adapter, attach, type Context, merge, type Route, route } from '@peftjs/core';
import { lora, pissa } from '@peftjs/lora';
import { type CausalLM, INFERENCE, type KeyValueCache } from '@peftjs/models';
import { prefixTuning, promptTuning } from '@peftjs/prefix-tuning';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { describeOn, disturb, leakGuard } from '@peftjs/testing/suites';
import { dispose, memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchFor, outputsOf, ROW_MODELS, type RowModel, type RowOptions, rowOutputs } from './row-models.ts';
import { VARIANTS, type VariantName } from './variants.ts';

/** PiSSA changes the base of all rows. */
const NAMES = (Object.keys(VARIANTS) as VariantName[]).filter((name) => name !== 'pissa');

/** A row of a batch: its tokens and what they run. */
interface Row {
  readonly ids: readonly number[];
  readonly own: Route;
  readonly task: number;
}

export function describeRouting(backend: Backend): void {
  describeOn(backend, 'rows of one batch', () => {
    leakGuard();
    for (const name of ['llama', 'gpt2', 'bert'] as const) describe(name, () => describeModel(ROW_MODELS[name]));
    for (const name of ['llama', 'gpt2'] as const)
      describe(`${name}, step by step`, () => describeSteps(ROW_MODELS[name]));
    describe('llama, counted', () => describeCounts(ROW_MODELS.llama));
    describe('bad routes', describeRefusals);
  });
}

function through(routes: Route | readonly Route[], training = false): Context {
  return { ...INFERENCE, training, routes };
}

/** One adapter of each variant, as training might leave it. */
function attachAll(model: RowModel): readonly Adapter[] {
  return NAMES.map((name, i) => {
    const adapter = attach(model, VARIANTS[name](model), { name, seed: i });
    disturb(adapter, i + 1);
    return adapter;
  });
}

/** Rows of unequal length: every adapter alone, the base, stacks and strengths; unsorted. */
function rowsOver(adapters: readonly Adapter[]): readonly Row[] {
  const at = (name: VariantName) => adapters.find((adapter) => adapter.name === name) as Adapter;
  const routes = [
    ...adapters.map((adapter) => route(adapter)),
    route(),
    route(at('lora'), at('dora')),
    route([at('rslora'), 0.5]),
    route(at('prompt'), at('prefix'), at('houlsby')),
    route(),
    route([at('houlsby'), -0.5], [at('dora'), 2], at('multitask prompt')),
    route([at('norms'), 0.5], at('ia3')),
    route(at('lora')),
  ];
  const shuffled = routes.map((_, i) => routes[(i * 17) % routes.length] as Route);
  expect(new Set(shuffled).size).toBe(routes.length);
  return shuffled.map((own, i) => ({
    ids: Array.from({ length: 2 + (i % 4) }, (_, k) => (i * 5 + k * 3 + 1) % 17),
    own,
    task: i % 3,
  }));
}

function batchOf(model: RowModel, rows: readonly Row[], pad: RowOptions['pad'] = 'right') {
  const tasks = rows.map(({ task }) => task);
  return batchFor(
    model,
    rows.map(({ ids }) => ids),
    { pad, tasks },
  );
}

const routesOf = (rows: readonly Row[]) => rows.map(({ own }) => own);
const named = ({ own }: Row) => [...own].map(([{ name }, strength]) => `${name} ${strength}`).join(', ') || 'the base';

function describeModel(load: () => Promise<RowModel>): void {
  let model: RowModel;
  let adapters: readonly Adapter[];
  beforeEach(async () => {
    model = await load();
    adapters = attachAll(model);
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
    const prompts = rows.filter(({ own }) => [...own.keys()].some(({ name }) => /^prompt|^p-|multitask/.test(name)));
    expect(targets(rows)).toBe(model.count(batchOf(model, rows)).targets + prompts.length);
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

function describeRefusals(): void {
  let model: CausalLM;
  beforeEach(async () => {
    model = await ROW_MODELS.llama();
  });
  afterEach(() => model.dispose());

  const batch = () => batchFor(model, [[3, 4], [5]]);
  /** Refused in every kind of pass, and nothing is left of it. */
  const expectRefused = (routes: Route | readonly Route[], message: string) => {
    const before = memory().numTensors;
    for (const pass of [
      () => model.logits(batch(), through(routes)),
      () => model.loss(batch(), through(routes)),
      () => model.step(batch(), null, through(routes)),
    ])
      expect(pass).toThrow(message);
    expect(memory().numTensors).toBe(before);
  };

  it('of another model, detached or merged adapters, too many or too few, at no strength', async () => {
    const other = await ROW_MODELS.gpt2();
    const foreign = attach(other, lora({ r: 2 }), { name: 'foreign' });
    expectRefused(route(foreign), '[peftjs/core] adapter "foreign" is on another model; attach it to this one');
    foreign.detach();
    other.dispose();
    const notes = attach(model, lora({ r: 2 }), { name: 'notes' });
    expectRefused([route(notes)], '[peftjs/core] 1 routes for a batch of 2 rows; give one a row, or one for all');
    expectRefused([], '0 routes for a batch of 2 rows');
    expectRefused([route(), route([notes, Number.NaN])], '"notes" has a strength of NaN; give a number');
    await merge(notes);
    expectRefused([route(notes), route()], '"notes" is merged into the base of all rows; unmerge it first');
    notes.detach();
    expectRefused(route(notes), 'adapter "notes" is detached; attach it again');
  });

  it('beside an adapter that has changed the base', () => {
    const notes = attach(model, lora({ r: 2 }), { name: 'notes' });
    const resident = attach(model, lora({ r: 2, init: pissa, targets: ['attn.q'] }), { name: 'resident' });
    const message = '"resident" has taken its start out of the base\'s weights (PiSSA, OLoRA); all rows must run it';
    expectRefused([route(notes), route(resident)], message);
    expectRefused(route(notes), message);
    model.logits(batch(), through([route(notes, resident), route(resident)])).dispose();
    resident.detach();
    notes.detach();
  });

  it('with a prompt half there, or more positions than the context has', () => {
    const prompt = attach(model, promptTuning({ tokens: 30 }), { name: 'prompt' });
    const prefix = attach(model, prefixTuning({ tokens: 30 }), { name: 'prefix' });
    for (const half of [prompt, prefix]) expectRefused([route([half, 0.5]), route()], 'has no strength but 1 or 0');
    expectRefused(
      [route(prompt, prefix), route()],
      "2 tokens and 60 virtual ones are more than the model's context of 48",
    );
    model.logits(batch(), through([route(prompt), route(prefix)])).dispose();
    prefix.detach();
    prompt.detach();
  });
}
