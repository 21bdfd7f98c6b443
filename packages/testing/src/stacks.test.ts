// The law of stacks: adapters of any method put on and taken off in any order, switched, weakened, merged, saved and loaded
// between, leave the base bit for bit; and what one of them computes does not depend on the others' being there.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type Adapter, attach, merge, type Route, restore, route } from '@peftjs/core';
import { INFERENCE } from '@peftjs/models';
import { array, assert, asyncProperty, constantFrom, nat, record, tuple } from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FAMILIES, makeVariant, VARIANTS } from '../test/every-method.ts';
import { batchFor, outputsOf, ROW_MODELS, type RowModel, rowOutputs } from '../test/row-models.ts';
import { readWeights } from './host-case.ts';
import { leakGuard } from './leak-guard.ts';
import { disturb } from './suites.ts';
import { relativeError, TOLERANCES } from './tolerances.ts';

const KINDS = ['attach', 'attach', 'detach', 'switch', 'weaken', 'merge', 'reload', 'route'] as const;
const acts = array(record({ kind: constantFrom(...KINDS), which: nat(99), how: nat(99) }), {
  minLength: 3,
  maxLength: 12,
});
const ROWS = [
  [3, 5, 7, 2, 8],
  [4, 1, 9],
];

/** A model with a stack of adapters on it. */
class Stack {
  readonly adapters: Adapter[] = [];
  readonly model: RowModel;
  private made = 0;

  constructor(model: RowModel) {
    this.model = model;
  }

  output(routes?: Route | readonly Route[]) {
    return outputsOf(this.model, batchFor(this.model, ROWS), { ...INFERENCE, ...(routes && { routes }) });
  }

  put(name: string): Adapter {
    const adapter = attach(this.model, makeVariant(name, this.model), {
      name: `${name} ${this.made}`,
      seed: this.made,
    });
    disturb(adapter, ++this.made);
    this.adapters.push(adapter);
    return adapter;
  }

  /** False where another has since changed a weight that this one changed: that must go first. */
  takeOff(adapter: Adapter): boolean {
    try {
      adapter.detach();
    } catch (error) {
      expect((error as Error).message).toContain('has changed since; undo that first');
      return false;
    }
    this.adapters.splice(this.adapters.indexOf(adapter), 1);
    return true;
  }

  /** What one adapter computes with the others switched off. */
  solo(adapter: Adapter) {
    const before = this.adapters.map(({ active, strength }) => ({ active, strength }));
    for (const one of this.adapters) one.active = one === adapter;
    adapter.strength = 1;
    const found = this.output();
    for (const [i, state] of before.entries()) Object.assign(this.adapters[i] as Adapter, state);
    return found;
  }

  /** Saves it, takes it off and loads it again, on top. */
  async reload(adapter: Adapter): Promise<void> {
    if (adapter.unmerge || adapter.attachments.some((a) => a.weight)) return;
    const expected = this.solo(adapter);
    const saved = await adapter.snapshot();
    this.takeOff(adapter);
    const again = await restore(this.model, saved, FAMILIES, { name: adapter.name });
    this.adapters.push(again);
    expect(this.solo(again), adapter.name).toEqual(expected);
    expect(await again.snapshot()).toEqual(saved);
  }

  /** Merges it, if that can be: the model says the same. */
  async merge(adapter: Adapter): Promise<void> {
    const before = this.output();
    try {
      await merge(adapter);
    } catch (error) {
      expect((error as Error).message).toMatch(/^\[peftjs\/(core|models)\] /);
      expect(this.output()).toEqual(before);
      return;
    }
    expect(relativeError(this.output().values, before.values)).toBeLessThanOrEqual(TOLERANCES.logits);
  }

  /** Each row of a batch with a route of its own gives what it gives when all rows take that. */
  mix(which: number, how: number): void {
    const free = this.adapters.filter((adapter) => !adapter.unmerge);
    const routes = [which, how].map((bits) => route(...free.filter((_, i) => (bits >> i) & 1)));
    const resident = free.filter((adapter) => adapter.attachments.some((a) => a.weight));
    if (resident.some((adapter) => !routes.every((one) => one.has(adapter)))) {
      if (routes.some((one) => one.size > 0)) expect(() => this.output(routes)).toThrow('must run it, or detach it');
      return;
    }
    const mixed = this.output(routes);
    for (const [row, own] of routes.entries()) {
      const after = 5 - (ROWS[row] as number[]).length;
      const expected = rowOutputs(this.output(own), row, after);
      const found = rowOutputs(mixed, row, after).slice(-expected.length);
      expect(relativeError(found, expected)).toBeLessThanOrEqual(TOLERANCES.logits);
    }
  }

  /** Does one act; one that is refused must change nothing, which the end will show. */
  async perform(kind: (typeof KINDS)[number], which: number, how: number): Promise<void> {
    const adapter = this.adapters[which % Math.max(1, this.adapters.length)];
    if (kind === 'attach') this.put(VARIANTS[which % VARIANTS.length] as string);
    else if (kind === 'route') this.mix(which, how);
    else if (adapter === undefined) return;
    else if (kind === 'detach') this.takeOff(adapter);
    else if (kind === 'reload') await this.reload(adapter);
    else if (kind === 'switch') {
      if (adapter.unmerge === undefined) adapter.active = !adapter.active;
    } else if (kind === 'weaken') {
      const virtual = adapter.attachments.some(({ site }) => site.kind === 'sequence');
      adapter.strength = virtual ? how % 2 : how % 3;
    } else if (kind === 'merge') await this.merge(adapter);
    else kind satisfies never;
  }
}

describe.for(Object.entries(ROW_MODELS))('adapters on %s', ([, load]) => {
  let model: RowModel;
  beforeAll(async () => {
    await useBackend(cpu());
  });
  leakGuard();
  beforeEach(async () => {
    model = await load();
  });
  afterEach(() => model.dispose());

  it('come off in any order, and leave the base bit for bit', async () => {
    const plain = new Stack(model).output();
    const weights = readWeights(model);
    const property = asyncProperty(tuple(acts, nat(1000)), async ([steps, seed]) => {
      const stack = new Stack(model);
      try {
        for (const { kind, which, how } of steps) await stack.perform(kind, which, how);
        expect(stack.output().values.every(Number.isFinite)).toBe(true);
        for (let k = seed, refused = 0; stack.adapters.length > 0; k++) {
          refused = stack.takeOff(stack.adapters[k % stack.adapters.length] as Adapter) ? 0 : refused + 1;
          expect(refused).toBeLessThan(100);
        }
        expect(stack.output()).toEqual(plain);
        expect(readWeights(model)).toEqual(weights);
      } finally {
        while (stack.adapters.length > 0) stack.adapters.pop()?.detach();
      }
    });
    await assert(property, { seed: 20, numRuns: 60 });
  });

  it('LoRA, prefix, (IA)3 and bottleneck, in any order, each saved and loaded alone', async () => {
    const names = ['lora', 'prefix', 'ia3', 'pfeiffer'] as const;
    const alone = new Stack(model);
    const plain = alone.output();
    const saved = [];
    for (const name of names) {
      const adapter = alone.put(name);
      saved.push({ name, snapshot: await adapter.snapshot(), output: alone.output() });
      alone.takeOff(adapter);
    }
    for (const order of permutations(saved)) {
      const stack = new Stack(model);
      for (const { name, snapshot } of order) stack.adapters.push(await restore(model, snapshot, FAMILIES, { name }));
      const all = stack.output();
      for (const [i, { output, snapshot }] of order.entries()) {
        const adapter = stack.adapters[i] as Adapter;
        expect(stack.solo(adapter)).toEqual(output);
        expect(stack.output(route(adapter))).toEqual(output);
        expect(await adapter.snapshot()).toEqual(snapshot);
        expect(all).not.toEqual(output);
      }
      for (const adapter of [...stack.adapters]) stack.takeOff(adapter);
      expect(stack.output()).toEqual(plain);
    }
  });
});

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.filter((_, k) => k !== i)).map((rest) => [item, ...rest]));
}
