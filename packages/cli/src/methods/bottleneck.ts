// Bottleneck adapters on the command line.
import {
  bottleneck,
  gelu,
  geluNew,
  houlsby,
  parallel,
  pfeiffer,
  readBottleneck,
  readFusion,
  relu,
  silu,
  tanh,
} from '@peftjs/adapters';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { rank } from '../method-options/low-rank.ts';
import { scaling } from '../method-options/scaling.ts';
import { exclude, layers, modulesToSaveOption, placesOf, targets, wholeOf } from '../method-options/targets.ts';
import { choice, number, orElse } from '../option.ts';
import { UsageError } from '../usage-error.ts';

const styles = { houlsby, pfeiffer, parallel };
const activations = { relu, gelu, gelu_new: geluNew, silu, tanh };

const options = {
  style: orElse(choice(['houlsby', 'pfeiffer', 'parallel'], "where a model's bottlenecks are"), 'pfeiffer'),
  rank,
  reduction: number('N', "the model's width over the bottleneck's; 16 when --rank is left out, too", { min: 1 }),
  activation: choice(['relu', 'gelu', 'gelu_new', 'silu', 'tanh'], "a bottleneck's; its style's when left out"),
  scaling,
  targets,
  exclude,
  layers,
  'modules-to-save': modulesToSaveOption,
};

export const method: MethodEntry = methodEntry({
  options,
  check({ rank: r, reduction }) {
    if (r === undefined || reduction === undefined) return;
    throw new UsageError(`--rank ${r} and --reduction ${reduction} both state a bottleneck's width; leave one out`);
  },
  create(values) {
    const { rank: r, reduction, scaling: size, style, activation } = values;
    const bottlenecks = bottleneck({
      ...placesOf(values),
      ...given({ r, reduction, scaling: size, activation: activation && activations[activation] }),
      style: styles[style],
    });
    return [bottlenecks, ...wholeOf(values)];
  },
  families: [readBottleneck(), readFusion()],
});
