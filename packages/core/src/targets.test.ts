import { describe, expect, test } from 'vitest';
import { low } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import { planSites } from './plan.ts';
import type { EmbeddingSite, LinearSite, NormSite, Site, SiteKind } from './site.ts';
import { patternFor, selectSites, type Targets } from './targets.ts';

const bench = withHost();

const linear = (path: string, role = 'x') => ({ kind: 'linear', path, role }) as LinearSite;
const sites: readonly Site[] = [
  { kind: 'embedding', path: 'model.embed_tokens', role: 'embed' } as EmbeddingSite,
  ...[0, 1, 12].flatMap((i) => [
    linear(`model.layers.${i}.self_attn.q_proj`),
    linear(`model.layers.${i}.self_attn.v_proj`),
    { kind: 'norm', path: `model.layers.${i}.input_layernorm`, role: 'norm' } as NormSite,
  ]),
  linear('model.extra.3.head_q_proj'),
  linear('lm_head', 'head'),
];
const ALL: ReadonlySet<SiteKind> = new Set<SiteKind>(['linear', 'embedding', 'norm']);
const paths = (targets: Targets, kinds = ALL) => selectSites(sites, targets, kinds).map((s) => s.path);
const layers = (...found: readonly string[]) =>
  found.map((path) => /layers\.(\d+)\.(.*)/.exec(path)?.slice(1).join(' '));

describe('modules', () => {
  test('a name is the whole path or ends it after a dot', () => {
    expect(layers(...paths({ modules: ['q_proj'] }))).toEqual([
      '0 self_attn.q_proj',
      '1 self_attn.q_proj',
      '12 self_attn.q_proj',
    ]);
    expect(paths({ modules: ['lm_head', 'layers.1.self_attn.v_proj'] })).toEqual([
      'model.layers.1.self_attn.v_proj',
      'lm_head',
    ]);
  });
  test('a string or an expression is matched against the whole path', () => {
    const odd = 'model\\.layers\\.1.*proj';
    const found = [
      'model.layers.1.self_attn.q_proj',
      'model.layers.1.self_attn.v_proj',
      'model.layers.12.self_attn.q_proj',
      'model.layers.12.self_attn.v_proj',
    ];
    expect(paths({ modules: odd })).toEqual(found);
    expect(paths({ modules: new RegExp(odd) })).toEqual(found);
    expect(paths({ modules: '.*[qv]_proj|lm_head' }).at(-1)).toBe('lm_head');
    expect(() => paths({ modules: 'q_proj' })).toThrow('no site matches "q_proj"');
  });
  test('all-linear is every linear layer but the output', () => {
    expect(paths({ modules: 'all-linear' })).toEqual(
      sites.filter((s) => s.kind === 'linear' && s.role !== 'head').map((s) => s.path),
    );
  });
  test('a loose name is any end of a path', () => {
    expect(paths({ modules: ['norm'], loose: true })).toHaveLength(3);
    expect(paths({ modules: ['q_proj'], loose: true })).toContain('model.extra.3.head_q_proj');
  });
  test('only kinds that the method acts on', () => {
    expect(paths({ modules: '.*' }, new Set<SiteKind>(['norm']))).toHaveLength(3);
  });
});

test('exclude takes names or an expression', () => {
  expect(layers(...paths({ modules: ['q_proj'], exclude: ['layers.0.self_attn.q_proj'] }))).toEqual([
    '1 self_attn.q_proj',
    '12 self_attn.q_proj',
  ]);
  expect(layers(...paths({ modules: ['q_proj'], exclude: '.*\\.1\\..*' }))).toEqual([
    '0 self_attn.q_proj',
    '12 self_attn.q_proj',
  ]);
  expect(layers(...paths({ modules: ['q_proj'], exclude: /.*\.1\d?\..*/ }))).toEqual(['0 self_attn.q_proj']);
  expect(paths({ modules: ['q_proj'], exclude: [] })).toHaveLength(3);
});

describe('layers', () => {
  test('count the first number of a path, exactly', () => {
    expect(layers(...paths({ modules: ['q_proj'], layers: [1] }))).toEqual(['1 self_attn.q_proj']);
    expect(paths({ modules: ['head_q_proj'], layers: [3] })).toEqual(['model.extra.3.head_q_proj']);
  });
  test('go with every way to name modules, and leave out what has no number', () => {
    expect(layers(...paths({ modules: 'all-linear', layers: [12] }))).toEqual([
      '12 self_attn.q_proj',
      '12 self_attn.v_proj',
    ]);
    expect(() => paths({ modules: ['lm_head'], layers: [0] })).toThrow(
      'no site matches "lm_head" with these exclusions and layers',
    );
  });
  test('none given is all of them', () => {
    expect(paths({ modules: ['q_proj'], layers: [] })).toHaveLength(3);
  });
  test('a pattern names what comes before the number', () => {
    const modules = '.*q_proj';
    expect(paths({ modules, layers: [3], layersPattern: 'extra' })).toEqual(['model.extra.3.head_q_proj']);
    expect(paths({ modules, layers: [3, 0], layersPattern: ['layers', 'extra'] })).toHaveLength(2);
    expect(() => paths({ modules, layers: [3], layersPattern: 'layers' })).toThrow('no site matches');
    expect(paths({ modules, layers: [3], layersPattern: [] })).toHaveLength(1);
  });
});

describe('what matches nothing', () => {
  test('is an error with the nearest name', () => {
    expect(() => paths({ modules: ['q_prj'] })).toThrow('[peftjs/core] no site matches "q_prj"; nearest: "q_proj"');
    expect(() => paths({ modules: ['q_proj', 'v_projj'] })).toThrow('no site matches "v_projj"; nearest: "v_proj"');
    expect(() => paths({ modules: ['model.layer.0.self_attn.q_proj'] })).toThrow(
      'nearest: "model.layers.0.self_attn.q_proj"',
    );
  });
  test('may be one name of several where a file says so, as in PEFT', () => {
    expect(selectSites(sites, { modules: ['q_proj', 'gone'] }, ALL, false)).toHaveLength(3);
    expect(() => selectSites(sites, { modules: ['gone'] }, ALL, false)).toThrow('no site matches "gone"');
  });
  test('what is left out by exclusions says so', () => {
    expect(() => paths({ modules: ['q_proj'], exclude: ['q_proj'] })).toThrow('with these exclusions and layers');
    expect(() => paths({ modules: '.*', where: () => false })).toThrow('no site matches');
  });
});

test('rank and alpha patterns: the first key that ends the path, as an expression', () => {
  const path = 'model.layers.1.self_attn.q_proj';
  expect(patternFor({ v_proj: 1, q_proj: 2, 'layers.1.self_attn.q_proj': 3 }, path)).toBe(2);
  expect(patternFor({ 'layers\\.[0-1]\\..*proj': 4 }, path)).toBe(4);
  expect(patternFor({ '^model.*': 6 }, path)).toBe(6);
  expect(patternFor({ proj: 5 }, path)).toBeUndefined();
  expect(patternFor({ self_attn: 5 }, path)).toBeUndefined();
});

test('a plan asks every site before anything is done, and keeps the order of the host', () => {
  const steps = planSites(bench.host, [low(['down_proj', 'up_proj'])], true);
  expect(steps.flatMap(([, found]) => found.map((site) => site.path))).toEqual(
    [0, 1].flatMap((i) => [`model.layers.${i}.mlp.up_proj`, `model.layers.${i}.mlp.down_proj`]),
  );
  const checked: string[] = [];
  const picky = low(['up_proj'], {
    check: (site) => {
      checked.push(site.path);
      return site.path.includes('1') ? 'no' : null;
    },
  });
  expect(() => planSites(bench.host, [low(['down_proj']), picky], true)).toThrow(
    'LOW cannot act on "model.layers.1.mlp.up_proj": no',
  );
  expect(checked).toHaveLength(2);
});
