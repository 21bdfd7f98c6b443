// What combining adapters would do, checked whole before anything is computed.
import type { LoraPlace } from '../extract/write-adapter.ts';
import { type Holder, needsBase, type WholeTensor } from './mix-whole.ts';
import type { LoraAdapter, LoraChange } from './read-adapter.ts';
import type { Rule } from './rules.ts';

export interface Member {
  readonly change: LoraChange;
  readonly weight: number;
  readonly who: string;
}

export interface PlannedSite extends LoraPlace {
  readonly outDim: number;
  readonly members: readonly Member[];
}

export interface Plan {
  readonly sites: readonly PlannedSite[];
  readonly whole: readonly WholeTensor[];
  readonly bias: 'none' | 'lora_only' | 'all';
  /** Modules whose bias, if they have one, has to come from the base. */
  readonly unknownBiases: readonly string[];
  readonly loraBias: boolean;
}

function fail(what: string): never {
  throw new Error(`[peftjs/lora] ${what}`);
}

function checkBase(adapters: readonly LoraAdapter[]): void {
  const [first, ...others] = adapters.filter(({ snapshot }) => snapshot.provenance !== null);
  for (const other of others) {
    const [p, q] = [first, other].map((one) => one?.snapshot.provenance?.base);
    if (p?.fingerprint === q?.fingerprint) continue;
    fail(
      `${first?.who} was made for the base "${p?.name}" ${p?.fingerprint}, ${other.who} for "${q?.name}" ${q?.fingerprint}; combine adapters of one base`,
    );
  }
}

const sizes = ({ kind, inShape, b }: LoraChange) => `${kind} ${b.rows} x ${inShape.join(' x ')}`;

function planSites(adapters: readonly LoraAdapter[]): readonly PlannedSite[] {
  const paths = new Set(adapters.flatMap(({ changes }) => [...changes.keys()]));
  return [...paths].map((path) => {
    const members = adapters.flatMap(({ changes, weight, who }) => {
      const change = changes.get(path);
      return change === undefined ? [] : [{ change, weight, who }];
    });
    const first = members[0] as Member;
    const expected = sizes(first.change);
    const odd = members.find(({ change }) => sizes(change) !== expected);
    if (odd)
      fail(
        `"${path}" is ${expected} in ${first.who} and ${sizes(odd.change)} in ${odd.who}; combine adapters of one base`,
      );
    const { kind, inShape, b } = first.change;
    return { path, kind, inShape, outDim: b.rows, members };
  });
}

function planWhole(adapters: readonly LoraAdapter[]): readonly WholeTensor[] {
  const names = new Set(adapters.flatMap(({ whole }) => [...whole.keys()]));
  return [...names].map((name) => {
    const holders = adapters.flatMap(({ whole, weight, who }) => {
      const tensor = whole.get(name);
      return tensor === undefined ? [] : [{ tensor, weight, who }];
    });
    const first = holders[0] as Holder;
    const { shape } = first.tensor;
    const odd = holders.find(({ tensor }) => tensor.shape.join() !== shape.join());
    if (odd) fail(`"${name}" is [${shape}] in ${first.who} and [${odd.tensor.shape}] in ${odd.who}`);
    return { name, shape, holders };
  });
}

function checkSite({ path, outDim, inShape, members }: PlannedSite, rule: Rule, hasBase: boolean): void {
  const decomposed = members.some(({ change }) => change.magnitude !== null);
  if (decomposed && !hasBase)
    fail(`DoRA at "${path}" scales the base's own weight; give weightOf, which tells it, as weightsOf(model) does`);
  if (rule.fit !== 'join') return;
  if (decomposed) fail(`DoRA's change at "${path}" is no product of two small factors that cat could join; use svd`);
  const ranks = members.reduce((r, { change }) => r + change.a.rows, 0);
  const most = Math.min(
    outDim,
    inShape.reduce((n, d) => n * d, 1),
  );
  if (ranks > most) fail(`the ranks at "${path}" add up to ${ranks}, over the layer's ${most}; use linear`);
}

function planBias(adapters: readonly LoraAdapter[], sites: readonly PlannedSite[], whole: ReadonlySet<string>) {
  const all = adapters.some(({ facts }) => facts.bias === 'all');
  const some = sites.some(({ path }) => whole.has(`${path}.bias`));
  const bias = all ? ('all' as const) : some ? ('lora_only' as const) : ('none' as const);
  const isKnown = ({ path, kind }: PlannedSite) =>
    all ||
    kind === 'embedding' ||
    whole.has(`${path}.bias`) ||
    adapters.some(({ facts, changes }) => facts.bias === 'lora_only' && changes.has(path));
  return { bias, unknownBiases: some ? sites.filter((site) => !isKnown(site)).map(({ path }) => path) : [] };
}

/**
 * @param hasBase whether the base's weights can be asked for
 * @throws one error with the first thing that is in the way
 */
export function planCombination(adapters: readonly LoraAdapter[], rule: Rule, hasBase: boolean): Plan {
  checkBase(adapters);
  const sites = planSites(adapters);
  const whole = planWhole(adapters);
  for (const site of sites) checkSite(site, rule, hasBase);
  const names = new Set(whole.map(({ name }) => name));
  const both = sites.find(({ path }) => names.has(`${path}.weight`));
  if (both) fail(`"${both.path}" is a target of one adapter and trained whole in another; leave one of them out`);
  const { bias, unknownBiases } = planBias(adapters, sites, names);
  const loraBias = sites.some(({ members }) => members.some(({ change }) => change.upBias !== null));
  const table = sites.find(({ kind }) => kind === 'embedding');
  if (loraBias && bias !== 'none')
    fail('lora_bias of one adapter and bias of another do not go into one; leave one out');
  if (loraBias && table)
    fail(`lora_bias of one adapter and the embedding "${table.path}" of another do not go into one`);
  const wanting = [
    ...whole.filter((tensor) => needsBase(tensor, rule)).map(({ name }) => name),
    ...unknownBiases.map((path) => `${path}.bias`),
  ];
  if (wanting.length > 0 && !hasBase)
    fail(
      `the base's own "${wanting[0]}" counts in this combination; give weightOf, which tells it, as weightsOf(model) does`,
    );
  return { sites, whole, bias, unknownBiases, loraBias };
}
