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
import { modulesToSave } from '@peftjs/core';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { choice, number, orElse } from '../option.ts';
import { rank } from './rank.ts';
import { exclude, layers, modulesToSaveOption, namesOf, targets } from './targets.ts';

const styles = { houlsby, pfeiffer, parallel };
const activations = { relu, gelu, gelu_new: geluNew, silu, tanh };

const options = {
  style: orElse(choice(['houlsby', 'pfeiffer', 'parallel'], "where a model's bottlenecks are"), 'pfeiffer'),
  rank,
  reduction: number('N', "the model's width over the bottleneck's; 16 when --rank is left out, too", { min: 1 }),
  activation: choice(['relu', 'gelu', 'gelu_new', 'silu', 'tanh'], "a bottleneck's; its style's when left out"),
  scaling: number('S', "how much a bottleneck counts; its style's when left out"),
  targets,
  exclude,
  layers,
  'modules-to-save': modulesToSaveOption,
};

export const bottleneckEntry: MethodEntry = methodEntry({
  name: 'bottleneck',
  options,
  create(values) {
    const { rank: r, reduction, scaling, style, activation } = values;
    const whole = values['modules-to-save'];
    const method = bottleneck({
      style: styles[style],
      ...given({
        r,
        reduction,
        scaling,
        activation: activation && activations[activation],
        targets: values.targets && namesOf(values.targets),
        exclude: values.exclude && namesOf(values.exclude),
        layers: values.layers,
      }),
    });
    return [method, ...(whole ? [modulesToSave(whole)] : [])];
  },
  families: [readBottleneck(), readFusion()],
  onlyHere: true,
});
