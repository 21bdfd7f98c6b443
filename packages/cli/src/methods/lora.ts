// LoRA and its variants on the command line.
import { modulesToSave } from '@peftjs/core';
import { biases, dora, gaussian, kaiming, lora, olora, pissa, readLora } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { choice, flag, number, orElse } from '../option.ts';
import { rank } from './rank.ts';
import { exclude, layers, modulesToSaveOption, namesOf, targets } from './targets.ts';

const initializers = { kaiming, gaussian, pissa, olora };

const options = {
  rank: orElse(rank, 8),
  alpha: number('A', 'the update counts alpha / rank times; 2 x rank when left out', { above: 0 }),
  targets: orElse(targets, ['all-linear']),
  exclude,
  layers,
  dropout: orElse(number('P', "share of the update's input dropped in training", { min: 0, below: 1 }), 0),
  rslora: flag('scale by alpha / sqrt(rank)'),
  dora: flag("learn the size of each weight's rows apart (DoRA)"),
  init: orElse(choice(['kaiming', 'gaussian', 'pissa', 'olora'], 'how the update starts'), 'kaiming'),
  bias: orElse(choice(['none', 'lora_only', 'all'], "train layers' own biases too"), 'none'),
  'modules-to-save': modulesToSaveOption,
};

export const loraEntry: MethodEntry = methodEntry({
  name: 'lora',
  options,
  create(values) {
    const { rank: r, alpha, dropout, rslora, init, bias } = values;
    const method = (values.dora ? dora : lora)({
      r,
      dropout,
      rslora,
      init: initializers[init],
      bias: bias === 'none' ? 'none' : 'lora_only',
      targets: namesOf(values.targets),
      ...given({ alpha, layers: values.layers, exclude: values.exclude && namesOf(values.exclude) }),
    });
    const whole = values['modules-to-save'];
    return [method, ...(whole ? [modulesToSave(whole)] : []), ...(bias === 'all' ? [biases()] : [])];
  },
  families: [readLora(pissa, olora)],
});
