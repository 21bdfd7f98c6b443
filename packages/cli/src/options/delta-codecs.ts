// The codecs of `peftjs delta`: what each is called, and what is tried where a budget is to be kept.
import { type Codec, dare, exact, int4, int8, lowRank, mixed, sign, sparse } from '@peftjs/delta';
import { UsageError } from '../usage-error.ts';

interface Entry {
  /** The option that it takes, if any. */
  readonly takes?: 'rank' | 'density';
  /** As it is asked for. */
  make(options: CodecOptions): Codec;
  /** From small to large, for a budget. */
  readonly sizes: readonly Codec[];
}

export interface CodecOptions {
  readonly rank?: number | undefined;
  readonly density?: number | undefined;
}

const RANKS = [1, 4, 16, 64];
const DENSITIES = [0.01, 0.05, 0.2];

export type CodecName = 'exact' | 'low-rank' | 'sign' | 'sparse' | 'dare' | 'int8' | 'int4' | 'mixed';

const CODECS: Readonly<Record<CodecName, Entry>> = {
  exact: { make: () => exact(), sizes: [] },
  'low-rank': {
    takes: 'rank',
    make: ({ rank = 16 }) => lowRank({ rank }),
    sizes: RANKS.map((rank) => lowRank({ rank })),
  },
  sign: { make: () => sign(), sizes: [sign(), sign({ perRow: true })] },
  sparse: {
    takes: 'density',
    make: ({ density = 0.05 }) => sparse({ density }),
    sizes: DENSITIES.map((density) => sparse({ density })),
  },
  dare: { takes: 'density', make: ({ density = 0.05 }) => sparse({ density, select: dare() }), sizes: [] },
  int8: { make: () => int8(), sizes: [int8()] },
  int4: { make: () => int4(), sizes: [int4()] },
  mixed: { make: () => mixed(), sizes: [mixed()] },
};

export const CODEC_NAMES = Object.keys(CODECS) as readonly CodecName[];

/** Reads whatever the command line can write. */
export function allCodecs(): readonly Codec[] {
  return CODEC_NAMES.map((name) => CODECS[name].make({}));
}

/**
 * Codecs by their names, each with what it takes of the options.
 *
 * @throws UsageError for an option that none of them takes
 */
export function namedCodecs(names: readonly CodecName[], options: CodecOptions): readonly Codec[] {
  for (const option of ['rank', 'density'] as const) {
    if (options[option] !== undefined && !names.some((name) => CODECS[name].takes === option))
      throw new UsageError(`--codec ${names[0]} takes no --${option}`);
  }
  return names.map((name) => CODECS[name].make(options));
}

/** What a budget is kept with: the sizes of one codec, or of all. */
export function candidatesOf(name: CodecName | undefined): readonly Codec[] {
  return (name === undefined ? CODEC_NAMES : [name]).flatMap((one) => CODECS[one].sizes);
}
