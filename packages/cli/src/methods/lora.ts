// LoRA and its variants on the command line, trainable tokens beside it.

import type { Storage } from '@peftjs/core';
import {
  biases,
  cloq,
  dora,
  gaussian,
  kaiming,
  loftq,
  lora,
  loraPlus,
  olora,
  pissa,
  readLora,
  trainableTokens,
} from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry, type Setting } from '../method-entry.ts';
import { alpha, dropout, rank, rslora } from '../method-options/low-rank.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { trainTokens } from '../method-options/train-tokens.ts';
import { choice, flag, integer, number, orElse, type Values } from '../option.ts';
import type { Original } from '../options/calibrate.ts';
import { storageOf } from '../options/weights-options.ts';
import { UsageError } from '../usage-error.ts';

const initializers = { kaiming, gaussian, pissa, olora };

const options = {
  rank: orElse(rank, 8),
  alpha,
  ...linearTargets,
  dropout,
  rslora,
  dora: flag("learn the size of each weight's rows apart (DoRA)"),
  'lora-plus-ratio': number('RATIO', "how many times the learning rate counts for LoRA's B (LoRA+)", { above: 0 }),
  init: orElse(
    choice(
      ['kaiming', 'gaussian', 'pissa', 'olora', 'loftq', 'cloq'],
      'how the update starts; loftq: from what rounding loses, cloq: from what --weights of 4 bits has lost where it counts most on the text of --calibrate',
    ),
    'kaiming',
  ),
  'loftq-weights': choice(
    ['int8', 'int4', 'int4-asymmetric', 'nf4', 'nf4-double', 'fp4'],
    'what --init loftq puts the layers into, starting from what that loses; nf4-double when left out',
  ),
  'loftq-iterations': integer('N', 'how often --init loftq rounds, and takes what is lost, in turn; 1 when left out', {
    min: 1,
  }),
  bias: orElse(choice(['none', 'lora_only', 'all'], "train layers' own biases too"), 'none'),
  'train-tokens': trainTokens,
};

type LoftqValues = Partial<Pick<Values<typeof options>, 'loftq-weights' | 'loftq-iterations'>>;

async function loftqOf({ 'loftq-weights': weights = 'nf4-double', 'loftq-iterations': iterations }: LoftqValues) {
  const storage = (await storageOf({ weights })) as Storage;
  return loftq(storage, { ...given({ iterations }), bits: weights === 'int8' ? 8 : 4 });
}

async function initOf(values: Values<typeof options>, { original }: Setting) {
  const { init } = values;
  if (init === 'loftq') return loftqOf(values);
  if (init !== 'cloq') return initializers[init];
  const { model, importance } = original as Original;
  return cloq(model, importance);
}

export const method: MethodEntry = methodEntry({
  options,
  check(values, { weights, calibrate }) {
    const { init } = values;
    const detail = (['loftq-weights', 'loftq-iterations'] as const).find((name) => values[name] !== undefined);
    if (init !== 'loftq' && detail !== undefined)
      throw new UsageError(`--${detail} is for --init loftq, not ${init}; leave it out`);
    if (init === 'cloq' && calibrate === undefined)
      throw new UsageError(
        '--init cloq starts from what counts most of what --weights of 4 bits has lost on a text; say which with --calibrate PATH',
      );
    if (init === 'loftq' && weights !== 'f32' && weights !== 'as-stored')
      throw new UsageError(
        `--init loftq starts from what rounding loses, which --weights ${weights} has lost before; say --loftq-weights ${weights} instead, or --weights as-stored`,
      );
  },
  needsOriginal: ({ init }) => init === 'cloq',
  async create(values, setting) {
    const { bias, 'train-tokens': tokens } = values;
    const update = (values.dora ? dora : lora)({
      ...linearPlacesOf(values),
      ...given({ alpha: values.alpha }),
      r: values.rank,
      dropout: values.dropout,
      rslora: values.rslora,
      init: await initOf(values, setting),
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
  inPython: ({ init }) => init !== 'loftq' && init !== 'cloq',
  families: [readLora(pissa, olora)],
  async reads(recipe) {
    if (recipe.init !== 'loftq') return [];
    return [readLora(await loftqOf(recipe as LoftqValues))];
  },
});
