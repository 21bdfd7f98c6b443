// Which sites a method acts on, resolved as Hugging Face PEFT resolves `target_modules` and its companions.
import { nearest } from './nearest.ts';
import type { Site, SiteKind } from './site.ts';

export interface Targets {
  /**
   * Names (`q_proj`: the whole path or its end; `attn.q`: a role, the same on every model), one pattern for the whole path,
   * or every linear layer but the output.
   */
  readonly modules: readonly string[] | string | RegExp;
  /** Names or a pattern for paths to leave out. */
  readonly exclude?: readonly string[] | string | RegExp | undefined;
  /** Layers by number; all when left out or empty. */
  readonly layers?: readonly number[] | undefined;
  /** The name before a layer's number, where it is not the first `.name.<number>.` of the path. */
  readonly layersPattern?: readonly string[] | string | undefined;
  /** A name matches any end of a path, `norm` an `input_layernorm` too, as in PEFT's `modules_to_save`. */
  readonly loose?: boolean;
  /** Whether it may match nothing. */
  readonly optional?: boolean;
  /** A last condition, which no file states; told of all sites to choose from. */
  readonly where?: (site: Site, sites: readonly Site[]) => boolean;
}

/** The target that stands for every linear layer but the model's output. */
export const ALL_LINEAR = 'all-linear';

function matches(path: string, rule: readonly string[] | string | RegExp, loose = false): boolean {
  if (Array.isArray(rule)) return rule.some((name) => path === name || path.endsWith(loose ? name : `.${name}`));
  return new RegExp(`^(?:${(rule as RegExp).source ?? rule})$`).test(path);
}

/** NaN where the path has none. */
function layerOf(path: string, pattern: Targets['layersPattern']): number {
  const names = pattern?.length ? [pattern].flat() : ['[^.]*'];
  const found = names.map((name) => new RegExp(`^.*?\\.${name}\\.(\\d+)\\.`).exec(path)?.[1]);
  return Number(found.find(Boolean));
}

/** Whether a name is one of the site's roles. */
export function hasRole(site: Site, name: string): boolean {
  return site.role.split(' ').includes(name);
}

function isNamed(site: Site, { modules, loose }: Targets): boolean {
  if (modules === ALL_LINEAR) return site.kind === 'linear' && site.role !== 'head';
  return matches(site.path, modules, loose) || (Array.isArray(modules) && modules.some((name) => hasRole(site, name)));
}

/** Whether `targets` names this one of some sites, whatever its kind. */
function isTarget(site: Site, targets: Targets, sites: readonly Site[]): boolean {
  const { exclude, layers, layersPattern, where } = targets;
  return (
    isNamed(site, targets) &&
    !(exclude && matches(site.path, exclude)) &&
    (!layers?.length || layers.includes(layerOf(site.path, layersPattern))) &&
    where?.(site, sites) !== false
  );
}

/**
 * The sites of these kinds that `targets` names, in the host's order.
 *
 * @throws when nothing matches, or a name of the list matches nothing and `strict` is not false; names the nearest
 */
export function selectSites(
  sites: readonly Site[],
  targets: Targets,
  kinds: ReadonlySet<SiteKind>,
  strict = true,
): Site[] {
  const { modules } = targets;
  const able = sites.filter((site) => kinds.has(site.kind));
  if (!able.length && !targets.optional) {
    throw new Error(
      `[peftjs/core] no site matches "${modules}": the model has none of kind ${[...kinds].join(' or ')}`,
    );
  }
  const chosen = able.filter((site) => isTarget(site, targets, sites));
  const wanted = Array.isArray(modules) ? (modules as readonly string[]) : [];
  const missing = wanted.find((name) => !able.some((site) => isNamed(site, { ...targets, modules: [name] })));
  if ((strict && missing) || !(chosen.length || targets.optional)) {
    const names = able.flatMap(({ path, role }) => [
      path,
      path.split('.').at(-1) as string,
      ...role.split(' ').filter(Boolean),
    ]);
    throw new Error(
      `[peftjs/core] no site matches "${missing ?? modules}"${missing ? nearest(missing, names) : ' with these exclusions and layers'}`,
    );
  }
  return chosen;
}

/** The value that PEFT's `rank_pattern` or `alpha_pattern` gives to a path; the first key that matches wins. */
export function patternFor<T>(pattern: Readonly<Record<string, T>>, path: string): T | undefined {
  return Object.entries(pattern).find(([key]) => matches(path, `(?:.*\\.)?(?:${key})`))?.[1];
}
