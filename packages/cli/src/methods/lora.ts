// LoRA and its variants on the command line, trainable tokens beside it.
import { biases, dora, gaussian, kaiming, lora, loraPlus, olora, pissa, readLora, trainableTokens } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { alpha, dropout, rank } from '../method-options/low-rank.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { trainTokens } from '../method-options/train-tokens.ts';
import { choice, flag, number, orElse } from '../option.ts';

const initializers = { kaiming, gaussian, pissa, olora };

const options = {
  rank: orElse(rank, 8),
  alpha,
  ...linearTargets,
  dropout,
  rslora: flag('scale by alpha / sqrt(rank)'),
  dora: flag("learn the size of each weight's rows apart (DoRA)"),
  'lora-plus-ratio': number('RATIO', "how many times the learning rate counts for LoRA's B (LoRA+)", { above: 0 }),
  init: orElse(choice(['kaiming', 'gaussian', 'pissa', 'olora'], 'how the update starts'), 'kaiming'),
  bias: orElse(choice(['none', 'lora_only', 'all'], "train layers' own biases too"), 'none'),
  'train-tokens': trainTokens,
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const { bias, init, 'train-tokens': tokens } = values;
    const update = (values.dora ? dora : lora)({
      ...linearPlacesOf(values),
      ...given({ alpha: values.alpha }),
      r: values.rank,
      dropout: values.dropout,
      rslora: values.rslora,
      init: initializers[init],
      bias: bias === 'none' ? 'none' : 'lora_only',
    });
    return [
      update,
      ...wholeOf(values),
      ...(bias === 'all' ? [biases()] : []),
      ...(tokens ? [trainableTokens({ tokens, withLora: true })] : []),
    ];
  },
  training({ 'lora-plus-ratio': ratio }) {
    return ratio === undefined ? {} : { rates: loraPlus({ ratio }) };
  },
  families: [readLora(pissa, olora)],
});
