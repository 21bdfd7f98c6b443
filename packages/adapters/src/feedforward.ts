// Which of (IA)3's layers count as feed-forward, and how `adapter_config.json` says so.
import {
  type ConvSite,
  type Json,
  type LinearSite,
  type Place,
  ruleJson,
  type Site,
  selectSites,
  type Targets,
} from '@peftjs/core';

export type ScaledSite = LinearSite | ConvSite;

/** As PEFT reads `feedforward_modules`: a name stands for any end of a path. */
export function isFeedforward(site: ScaledSite, modules: Targets['modules']): boolean {
  return selectSites([site], { modules, loose: true, optional: true }, new Set([site.kind]), false).length > 0;
}

/** PEFT wants feed-forward names to be among the targets' where both are lists: else paths stand for both. */
export function modulesJson(
  { sites, modules }: Place,
  feedforward: Targets['modules'],
  byLayer: boolean,
): Record<string, Json> {
  const pathsOf = (some: readonly Site[]) => some.map((site) => site.path);
  const areNames = Array.isArray(feedforward);
  const areAmong = areNames && Array.isArray(modules) && feedforward.every((name) => modules.includes(name));
  const areKept = !byLayer && areAmong;
  return {
    target_modules: areKept || (!byLayer && !Array.isArray(modules)) ? modules : pathsOf(sites),
    feedforward_modules:
      areKept || !areNames
        ? ruleJson(feedforward)
        : pathsOf(sites.filter((site) => isFeedforward(site as ScaledSite, feedforward))),
  };
}
