// Where PEFT's add_weighted_adapter is right, the same numbers; where it is wrong, both numbers beside the true sum.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { random } from '@peftjs/backend';
import { saveAdapter } from '@peftjs/checkpoint';
import type { AdapterSnapshot } from '@peftjs/core';
import { memorySource, openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython } from '../../../safetensors/test/python.ts';
import { peftLinear, peftScale, peftTies, type Weighted } from '../../test/peft-rules.ts';
import { changeOf, distance, type Layer, numbers, snapshot, sumOf } from '../../test/snapshots.ts';
import { combine } from './combine.ts';
import { trim } from './mix.ts';
import { cat, dareLinear, dareTies, linear, magnitudePrune, type Rule, svd, ties } from './rules.ts';

const ROUNDING = 1e-6;
const Q = 'model.layers.0.self_attn.q_proj';
const at = (layer: number, name: string, o: number, i: number, r: number): Layer => ({
  path: `model.layers.${layer}.${name}`,
  o,
  i,
  r,
});
const WIDE = { path: 'model.embed_tokens', o: 24, i: 48, r: 2, embedding: true };

const adapters: Readonly<Record<string, AdapterSnapshot>> = {
  plain: snapshot(1, [at(0, 'self_attn.q_proj', 24, 24, 2), at(1, 'mlp.down_proj', 24, 32, 2), WIDE]),
  other: snapshot(2, [at(0, 'self_attn.q_proj', 24, 24, 3), at(1, 'self_attn.v_proj', 12, 24, 1), WIDE], {
    lora_alpha: 5,
  }),
  single: snapshot(6, [at(0, 'self_attn.q_proj', 24, 24, 2)]),
  twin: snapshot(3, [at(0, 'self_attn.q_proj', 24, 24, 2)], { lora_alpha: 5 }),
  biased: snapshot(7, [at(0, 'self_attn.q_proj', 24, 24, 2)], { lora_bias: true }, [
    { key: `base_model.model.${Q}.lora_B.bias`, shape: [24], data: numbers([7], 24) },
  ]),
  ranked: snapshot(4, [at(0, 'self_attn.q_proj', 24, 24, 4)], { lora_alpha: 8, use_rslora: true }),
  stable: snapshot(5, [at(0, 'self_attn.q_proj', 24, 24, 4)], { lora_alpha: 6, use_rslora: true }),
};
const parts = (...given: readonly (readonly [string, number])[]): readonly Weighted[] =>
  given.map(([name, weight]) => ({ adapter: adapters[name] as AdapterSnapshot, weight }));
const trueSum = (all: readonly Weighted[], path: string, size = 0) =>
  sumOf(...all.map(({ adapter, weight }) => [weight, changeOf(adapter, path, size)] as const));

const TWO = parts(['single', 0.6], ['twin', -0.9]);
const STABLE = parts(['ranked', 0.5], ['stable', 0.5]);
const HEAVY = parts(['single', 1], ['twin', 4]);

describe('where PEFT is wrong, from its source', () => {
  test('linear is not linear', async () => {
    const expected = trueSum(TWO, Q);
    expect(distance(changeOf(await combine(TWO, linear()), Q), expected)).toBeLessThan(ROUNDING);
    expect(distance(peftLinear(TWO, Q), expected)).toBeGreaterThan(0.5);
  });

  test('combinations of rsLoRA adapters are sqrt(r) too large', async () => {
    const expected = trueSum(STABLE, Q);
    for (const rule of [cat(), linear(), svd({ r: 8 })])
      expect(distance(changeOf(await combine(STABLE, rule), Q), expected)).toBeLessThan(ROUNDING);
    expect(peftScale(STABLE, Q)).toBeCloseTo(Math.sqrt(8), 12);
  });

  test('signs are elected as if all weights were 1', async () => {
    const changes = HEAVY.map(({ adapter }) => changeOf(adapter, Q));
    const mean = changes[0]?.map((_, k) => {
      const [x, y] = [changes[0]?.[k] as number, 4 * (changes[1]?.[k] as number)];
      if (Math.sign(x) === Math.sign(y)) return (x + y) / 2;
      return Math.abs(x) > Math.abs(y) ? x : y;
    }) as number[];
    const rule = ties({ density: 1, energy: 1 });
    expect(distance(changeOf(await combine(HEAVY, rule), Q), mean)).toBeLessThan(ROUNDING);
    expect(distance(peftTies(changes, [1, 4]), mean)).toBeGreaterThan(0.1);
  });
});

const python = findPython('torch', 'peft', 'transformers', 'safetensors');

describe.skipIf(!python)('PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
  const root = mkdtempSync(join(tmpdir(), 'peftjs-combine-'));
  const changes = new Map<string, readonly number[]>();
  let warnings: readonly string[] = [];
  const draw = (seed: number, k: number) => random(seed, k);
  const masks = ['mask0', 'mask1'];
  const [DENSITY, SEED] = [0.4, 9];
  const equal = { adapters: ['single', 'twin'], weights: [1, 1] };
  const LOADED: Readonly<Record<string, readonly [readonly Weighted[], Rule]>> = {
    ours_cat: [parts(['plain', 0.7], ['other', -0.4]), cat()],
    ours_linear: [parts(['plain', 0.7], ['other', -0.4], ['ranked', 2]), linear()],
    ours_biased: [parts(['biased', 0.5]), linear()],
    ours_stable: [STABLE, svd({ r: 8 })],
  };
  const COMBINATIONS = {
    theirs_cat: { adapters: ['plain', 'other'], weights: [0.7, -0.4], combination_type: 'cat' },
    theirs_svd: { adapters: ['plain', 'other'], weights: [0.7, -0.4], combination_type: 'svd', svd_rank: 2 },
    theirs_linear: { adapters: ['single', 'twin'], weights: [0.6, -0.9], combination_type: 'linear' },
    theirs_stable: { adapters: ['ranked', 'stable'], weights: [0.5, 0.5], combination_type: 'cat' },
    theirs_biased: { adapters: ['biased'], weights: [0.5], combination_type: 'cat' },
    theirs_ties: { ...equal, combination_type: 'ties_svd', density: 0.6, svd_rank: 24 },
    theirs_count: {
      ...equal,
      combination_type: 'ties_svd',
      density: 0.6,
      svd_rank: 24,
      majority_sign_method: 'frequency',
    },
    theirs_heavy: { ...equal, weights: [1, 4], combination_type: 'ties_svd', density: 1, svd_rank: 24 },
    theirs_apart: { ...equal, combination_type: 'ties', density: 0.6 },
    theirs_pruned: {
      ...equal,
      weights: [0.6, -0.9],
      combination_type: 'magnitude_prune_svd',
      density: 0.3,
      svd_rank: 24,
    },
    theirs_dare: {
      ...equal,
      weights: [0.6, -0.9],
      combination_type: 'dare_linear_svd',
      density: DENSITY,
      svd_rank: 24,
      masks,
    },
    theirs_dare_ties: { ...equal, combination_type: 'dare_ties_svd', density: DENSITY, svd_rank: 24, masks },
  };

  beforeAll(async () => {
    const folders: Record<string, string> = {};
    const save = async (name: string, adapter: AdapterSnapshot) => {
      folders[name] = join(root, name);
      const { config, tensors, provenance } = adapter;
      await saveAdapter(
        { config: { ...config, base_model_name_or_path: 'tiny' }, tensors, provenance },
        join(root, name),
      );
    };
    for (const [name, adapter] of Object.entries(adapters)) await save(name, adapter);
    for (const [name, [all, rule]] of Object.entries(LOADED)) await save(name, await combine(all, rule));
    const drawn = masks.map((name, k) => {
      const next = draw(SEED, k);
      return {
        name,
        dtype: 'F32' as const,
        shape: [24, 24],
        data: Float32Array.from({ length: 576 }, () => (next() < DENSITY ? 1 : 0)),
      };
    });
    const [file, out] = [join(root, 'masks.safetensors'), join(root, 'out.safetensors')];
    writeFileSync(file, writeSafetensors(drawn));
    const script = fileURLToPath(new URL('../../../../python/combine_adapters.py', import.meta.url));
    const input = JSON.stringify({
      adapters: folders,
      combinations: COMBINATIONS,
      model: { attention_bias: true },
      masks: file,
      out,
    });
    const printed = execFileSync(python as string, [script], { input, encoding: 'utf8', stdio: 'pipe' });
    warnings = JSON.parse(printed).warnings;
    const made = await openSafetensors(memorySource(out, readFileSync(out)));
    for (const key of made.tensors.keys()) changes.set(key, [...(await made.readFloat32(key))]);
  }, 150_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const theirs = (name: string, path = Q) => changes.get(`${name}/${path}`) as readonly number[] as number[];
  /** What a rule makes of the changes of `single` and `twin` as PEFT has them. */
  const mixed = (rule: Rule, [v, w]: readonly [number, number]) => {
    const weighted = [theirs('single').map((x) => v * x), theirs('twin').map((x) => w * x)];
    return [
      ...(rule.mix?.(
        weighted.map((change) => Float64Array.from(change)),
        draw,
      ) ?? []),
    ];
  };

  test('loads what was combined here without a warning, and finds in it the true sum', () => {
    expect(warnings).toEqual([]);
    for (const [name, [all]] of Object.entries(LOADED)) {
      const paths = [...changes.keys()]
        .filter((key) => key.startsWith(`${name}/`))
        .map((key) => key.slice(name.length + 1));
      expect(paths.length).toBe({ ours_stable: 1, ours_biased: 2 }[name] ?? 4);
      for (const path of paths.filter((p) => p !== WIDE.path && !p.endsWith('.bias'))) {
        const found = theirs(name, path);
        expect(distance(found, trueSum(all, path, found.length))).toBeLessThan(ROUNDING);
      }
    }
    // PEFT has the change of an embedding as that of its table.
    const table = trueSum(LOADED.ours_cat?.[0] as readonly Weighted[], WIDE.path);
    const transposed = table.map((_, k) => table[(k % WIDE.o) * WIDE.i + Math.floor(k / WIDE.o)] as number);
    expect(distance(theirs('ours_cat', WIDE.path), transposed)).toBeLessThan(ROUNDING);
  });

  test('agrees on cat, and on svd at a low rank', async () => {
    const all = parts(['plain', 0.7], ['other', -0.4]);
    const low = await combine(all, svd({ r: 2 }));
    for (const path of [Q, 'model.layers.1.mlp.down_proj', 'model.layers.1.self_attn.v_proj']) {
      expect(distance(theirs('theirs_cat', path), trueSum(all, path, theirs('theirs_cat', path).length))).toBeLessThan(
        ROUNDING,
      );
      expect(distance(changeOf(low, path), theirs('theirs_svd', path))).toBeLessThan(1e-5);
    }
  });

  test('agrees on TIES, DARE and pruning of changes', () => {
    const cases: readonly (readonly [string, Rule, readonly [number, number]])[] = [
      ['theirs_ties', ties({ density: 0.6 }), [1, 1]],
      ['theirs_count', ties({ density: 0.6, sign: 'frequency' }), [1, 1]],
      ['theirs_pruned', magnitudePrune({ density: 0.3 }), [0.6, -0.9]],
      ['theirs_dare', dareLinear({ density: DENSITY, seed: SEED }), [0.6, -0.9]],
      ['theirs_dare_ties', dareTies({ density: DENSITY, seed: SEED }), [1, 1]],
    ];
    for (const [name, rule, weights] of cases)
      expect(distance(mixed(rule, weights), theirs(name)), name).toBeLessThan(1e-5);
  });

  test('does as its source says where it is wrong', () => {
    expect(distance(theirs('theirs_linear'), peftLinear(TWO, Q))).toBeLessThan(1e-5);
    const large = trueSum(STABLE, Q).map((v) => v * peftScale(STABLE, Q));
    expect(distance(theirs('theirs_stable'), large)).toBeLessThan(1e-5);
    const [single, twin] = [theirs('single'), theirs('twin')];
    expect(distance(theirs('theirs_heavy'), peftTies([single, twin], [1, 4]))).toBeLessThan(1e-5);
    // B's bias is lost there.
    const half = theirs('biased', `${Q}.bias`).map((v) => 0.5 * v);
    expect(distance(theirs('ours_biased', `${Q}.bias`), half)).toBeLessThan(ROUNDING);
    expect(theirs('theirs_biased', `${Q}.bias`).every((v) => v === 0)).toBe(true);
    // Its `ties` acts on A and B apart, which is no TIES of the changes.
    const trimmed = [single, twin].map((change) => trim(Float64Array.from(change), 0.6));
    expect(
      distance(
        theirs('theirs_apart'),
        peftTies(
          trimmed.map((c) => [...c]),
          [1, 1],
        ),
      ),
    ).toBeGreaterThan(0.5);
  });
});
