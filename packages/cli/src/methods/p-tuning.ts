// P-tuning on the command line.
import { lstm, mlp, pTuning, readPTuning } from '@peftjs/prefix-tuning';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { choice, integer, number, orElse } from '../option.ts';
import { reserved, virtualTokens } from './virtual-tokens.ts';

const options = {
  'virtual-tokens': virtualTokens,
  encoder: orElse(choice(['mlp', 'lstm'], "what makes P-tuning's prompt"), 'mlp'),
  'encoder-hidden': integer('H', "width of P-tuning's encoder; the model's own when left out", { min: 1 }),
  'encoder-layers': orElse(integer('N', "layers of P-tuning's LSTM", { min: 1 }), 2),
  'encoder-dropout': orElse(
    number('P', "share dropped between the layers of P-tuning's LSTM", { min: 0, below: 1 }),
    0,
  ),
};

export const pTuningEntry: MethodEntry = methodEntry({
  name: 'p-tuning',
  options,
  create(values) {
    const width = given({ hidden: values['encoder-hidden'] });
    const recurrent = { ...width, layers: values['encoder-layers'], dropout: values['encoder-dropout'] };
    const encoder = values.encoder === 'mlp' ? mlp(width) : lstm(recurrent);
    return [pTuning({ tokens: values['virtual-tokens'], encoder })];
  },
  reserved,
  families: [readPTuning()],
});
