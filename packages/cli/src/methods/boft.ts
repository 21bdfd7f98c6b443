// BOFT on the command line.
import { boft, readBoft } from '@peftjs/orthogonal';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { blockOptions, blocksOf, checkBlocks } from '../method-options/blocks.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';

export const method: MethodEntry = methodEntry({
  options: { ...blockOptions, ...linearTargets },
  check: checkBlocks,
  create: (values) => [boft({ ...linearPlacesOf(values), ...blocksOf(values) }), ...wholeOf(values)],
  families: [readBoft()],
});
