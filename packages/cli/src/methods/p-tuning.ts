// P-tuning on the command line.
import { lstm, mlp, pTuning, readPTuning } from '@peftjs/prefix-tuning';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { reserved, virtualTokens } from '../method-options/virtual-tokens.ts';
import { choice, integer, number, orElse } from '../option.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  'virtual-tokens': virtualTokens,
  encoder: orElse(choice(['mlp', 'lstm'], "what makes P-tuning's prompt"), 'mlp'),
  'encoder-hidden': integer('H', "width of P-tuning's encoder; the model's own when left out", { min: 1 }),
  'encoder-layers': integer('N', "layers of P-tuning's LSTM; 2 when left out", { min: 1 }),
  'encoder-dropout': number('P', "share dropped between the layers of P-tuning's LSTM; 0 when left out", {
    min: 0,
    below: 1,
  }),
};

export const method: MethodEntry = methodEntry({
  options,
  check(values) {
    const ofLstm = (['encoder-layers', 'encoder-dropout'] as const).find((name) => values[name] !== undefined);
    if (values.encoder === 'lstm' || ofLstm === undefined) return;
    throw new UsageError(`--${ofLstm} is for --encoder lstm, not ${values.encoder}; leave it out`);
  },
  create(values) {
    const width = given({ hidden: values['encoder-hidden'] });
    const recurrent = { ...width, ...given({ layers: values['encoder-layers'], dropout: values['encoder-dropout'] }) };
    const encoder = values.encoder === 'mlp' ? mlp(width) : lstm(recurrent);
    return [pTuning({ tokens: values['virtual-tokens'], encoder })];
  },
  reserved,
  families: [readPTuning()],
});
