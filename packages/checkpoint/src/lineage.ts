/** Where something came from, as a tree: its base and its parents, theirs beneath them, as far as their records are known. */
import { oneLine } from '@peftjs/safetensors';
import type { FolderRecord } from './folder-record.ts';
import type { FolderKind } from './provenance-file.ts';

export interface Lineage {
  /** What it is to the one above it. */
  readonly as: 'root' | 'base' | 'parent';
  /** Where it was found, or what its name is; null where there is nothing but a hash. */
  readonly name: string | null;
  /** Null where it was not found. */
  readonly kind: FolderKind | null;
  /** Hash of an adapter or delta, fingerprint of a model; null where nothing says it. */
  readonly id: string | null;
  /** Whether what is beneath it stands elsewhere in the tree. */
  readonly again: boolean;
  readonly beneath: readonly Lineage[];
}

/**
 * The lineage of `record`. A base is found by its fingerprint, as what a delta or a trained model gives; a parent by its
 * hash. Of several with the same, the first counts.
 *
 * @param known records in which bases and parents are looked for
 */
export function lineageOf(record: FolderRecord, known: Iterable<FolderRecord>): Lineage {
  const [byResult, byHash] = [new Map<string, FolderRecord>(), new Map<string, FolderRecord>()];
  for (const one of [record, ...known]) {
    if (one.result !== null && !byResult.has(one.result)) byResult.set(one.result, one);
    if (one.hash !== null && !byHash.has(one.hash)) byHash.set(one.hash, one);
  }
  const seen = new Set<string>();
  const found = (as: Lineage['as'], one: FolderRecord): Lineage => {
    const id = one.hash ?? one.result;
    const at = id ?? one.location;
    const node = { as, name: one.location, kind: one.kind, id };
    if (seen.has(at)) return { ...node, again: true, beneath: [] };
    seen.add(at);
    return { ...node, again: false, beneath: [...baseOf(one), ...one.parents.map(parent)] };
  };
  const baseOf = ({ base, result }: FolderRecord): readonly Lineage[] => {
    if (base === null) return [];
    // What was only written in another form gives the weights that it came of.
    const maker = base.fingerprint === null || base.fingerprint === result ? undefined : byResult.get(base.fingerprint);
    return [maker ? found('base', maker) : leaf('base', base.name, base.fingerprint)];
  };
  const parent = (hash: string): Lineage => {
    const one = byHash.get(hash);
    return one ? found('parent', one) : leaf('parent', null, hash);
  };
  return found('root', record);
}

function leaf(as: Lineage['as'], name: string | null, id: string | null): Lineage {
  return { as, name, kind: null, id, again: false, beneath: [] };
}

/** The tree in lines. Hashes of what was found are cut short. */
export function lineageLines(root: Lineage): readonly string[] {
  const lines: string[] = [];
  const add = (node: Lineage, lead: string, indent: string) => {
    lines.push(oneLine(`${lead}${described(node)}`));
    for (const [i, one] of node.beneath.entries()) {
      const isLast = i === node.beneath.length - 1;
      add(one, `${indent}${isLast ? '└─' : '├─'} `, `${indent}${isLast ? '   ' : '│  '}`);
    }
  };
  add(root, '', '');
  return lines;
}

function described({ as, name, kind, id, again }: Lineage): string {
  const short = kind !== null && id !== null ? `${id.slice(0, 'sha256:'.length + 12)}…` : id;
  const words = [as === 'root' ? null : as, name, kind, short, again ? '(see above)' : null];
  const missing = as === 'parent' && kind === null ? ['(not found)'] : [];
  return [...words.filter((word) => word !== null), ...missing].join('  ');
}
