// OFT on the command line.
import { oft, readOft } from '@peftjs/orthogonal';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { blockOptions, blocksOf, checkBlocks } from '../method-options/blocks.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { flag, integer } from '../option.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  ...blockOptions,
  'shared-block': flag("one block for all of a layer's inputs"),
  'cayley-terms': integer('N', "terms of the series for OFT's Cayley transform; 5 when left out", { min: 2 }),
  'exact-cayley': flag("solve for OFT's Cayley transform in place of a series"),
  ...linearTargets,
};

export const method: MethodEntry = methodEntry({
  options,
  check(values) {
    checkBlocks(values);
    if (!values['exact-cayley'] || values['cayley-terms'] === undefined) return;
    throw new UsageError('--exact-cayley takes no series, and --cayley-terms counts its terms; leave one out');
  },
  create(values) {
    const terms = values['exact-cayley'] ? 'exact' : values['cayley-terms'];
    const shared = values['shared-block'];
    const turned = oft({ ...linearPlacesOf(values), ...blocksOf(values), shared, ...given({ terms }) });
    return [turned, ...wholeOf(values)];
  },
  families: [readOft()],
});
