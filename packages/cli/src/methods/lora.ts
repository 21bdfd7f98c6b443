// LoRA and its variants on the command line.
import { modulesToSave } from '@peftjs/core';
import { biases, dora, gaussian, kaiming, lora, olora, pissa, readLora } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { choice, flag, integer, integers, list, number, orElse } from '../option.ts';

const initializers = { kaiming, gaussian, pissa, olora };

const options = {
  rank: orElse(integer('R', 'rank of the update', { min: 1 }), 8),
  alpha: number('A', 'the update counts alpha / rank times; 2 x rank when left out', { above: 0 }),
  targets: orElse(
    list('NAMES', 'modules to adapt: ends of their names, or /PATTERN/ for the whole name, or all-linear'),
    ['all-linear'],
  ),
  exclude: list('NAMES', 'modules to leave out, as for --targets'),
  layers: integers('NUMBERS', 'only these layers, counted from 0'),
  dropout: orElse(number('P', "share of the update's input dropped in training", { min: 0, below: 1 }), 0),
  rslora: flag('scale by alpha / sqrt(rank)'),
  dora: flag("learn the size of each weight's rows apart (DoRA)"),
  init: orElse(choice(['kaiming', 'gaussian', 'pissa', 'olora'], 'how the update starts'), 'kaiming'),
  bias: orElse(choice(['none', 'lora_only', 'all'], "train layers' own biases too"), 'none'),
  'modules-to-save': list('NAMES', 'modules to train whole and save with the adapter'),
};

export const loraEntry: MethodEntry = methodEntry({
  name: 'lora',
  options,
  create(values) {
    const { rank, alpha, dropout, rslora, init, bias, layers } = values;
    const method = (values.dora ? dora : lora)({
      r: rank,
      dropout,
      rslora,
      init: initializers[init],
      bias: bias === 'none' ? 'none' : 'lora_only',
      targets: names(values.targets),
      ...given({ alpha, layers, exclude: values.exclude && names(values.exclude) }),
    });
    const whole = values['modules-to-save'];
    return [method, ...(whole ? [modulesToSave(whole)] : []), ...(bias === 'all' ? [biases()] : [])];
  },
  families: [readLora(pissa, olora)],
});

/** `all-linear` and `/PATTERN/` stand alone, everything else is a list of names. */
function names(values: readonly string[]): readonly string[] | string {
  const [first] = values as [string];
  const whole = values.join(',');
  if (/^\/.+\/$/.test(whole)) return whole.slice(1, -1);
  return values.length === 1 && first === 'all-linear' ? first : values;
}
