// What lossy codecs read from a file that was made to do harm, or is damaged: an error on one line, and nothing written.
import { memoryFolder } from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { model, numbers, text } from '../../test/models.ts';
import { apply } from '../apply.ts';
import { chain } from '../chain.ts';
import type { Codec } from '../codec.ts';
import { diff } from '../diff.ts';
import { digestOf } from '../manifest.ts';
import { int4, int8 } from './integers.ts';
import { lowRank } from './low-rank.ts';
import { mixed } from './mixed-precision.ts';
import { sign } from './sign.ts';
import { sparse } from './sparse.ts';

// biome-ignore lint/suspicious/noExplicitAny: what hostile files are made of
type Json = Record<string, any>;

const side = (share: number) => {
  const change = numbers(2, 30);
  const data = numbers(1, 30).map((v, i) => v + share * (change[i] as number));
  return model({ w: { dtype: 'F16', shape: [5, 6], data } });
};
const [base, tuned] = [side(0), side(0.1)];
const segments = [
  { rank: 1, bits: 8 },
  { rank: 2, bits: 2 },
];
const CODECS: readonly Codec[] = [
  sign(),
  int8(),
  int4(),
  lowRank({ rank: 2 }),
  mixed({ segments }),
  sparse({ density: 0.3 }),
];

async function made(codec: Codec | 'steps') {
  const delta = memoryFolder([], 'd');
  if (codec === 'steps') await chain(await links(), delta, { codecs: CODECS });
  else await diff(base, tuned, delta, { codec });
  // Whoever changes the manifest leaves out what speaks of it.
  return new Map([...delta.files].filter(([name]) => name !== 'peftjs.json' && name !== 'README.md'));
}

/** Two deltas that follow each other, by other codecs. */
async function links() {
  const [first, applied, second] = [memoryFolder(), memoryFolder(), memoryFolder()];
  await diff(base, tuned, first, { codec: sign() });
  await apply(base, first, applied, { codecs: CODECS });
  await diff(applied, side(0.2), second, { codec: int4() });
  return [first, second];
}

/** What applying says of a delta whose manifest was changed, and has the right digest. */
async function fault(codec: Codec | 'steps', edit: (payload: Json) => void): Promise<string> {
  const files = await made(codec);
  const json: Json = JSON.parse(new TextDecoder().decode(files.get('delta.json')));
  edit(json.tensors.w.payloads.change);
  const manifest = text(JSON.stringify({ ...json, digest: await digestOf(json) }));
  const out = memoryFolder();
  const error = await apply(base, memoryFolder([...files, ['delta.json', manifest]], 'd'), out, {
    codecs: CODECS,
  }).then(
    () => null,
    (caught: Error) => caught,
  );
  expect(out.files.size).toBe(0);
  return String(error?.message);
}

describe('a manifest from elsewhere', () => {
  it.each<[string, Codec | 'steps', (payload: Json) => void, string]>([
    [
      'a rank of millions',
      lowRank({ rank: 2 }),
      (p) => (p.meta.rank = 1e9),
      'rank is 1000000000; expected a whole number up to 5',
    ],
    [
      'another rank',
      lowRank({ rank: 2 }),
      (p) => (p.meta.rank = 1),
      'the part "s" is F32 [2]; the tensor needs F32 [1]',
    ],
    ['no rank', lowRank({ rank: 2 }), (p) => (p.meta = {}), 'rank is undefined'],
    ['a group of nothing', int4(), (p) => (p.meta.group = 0), 'group is 0; expected a whole number above 0'],
    [
      'another group',
      int8(),
      (p) => (p.meta.group = 2),
      'the part "scales" is BF16 [5,1]; the tensor needs BF16 [5,3]',
    ],
    [
      'segments beyond the matrix',
      mixed({ segments }),
      (p) => (p.meta.segments = [[6, 2]]),
      'of at most 5 singular values',
    ],
    ['segments of many bits', mixed({ segments }), (p) => (p.meta.segments = [[1, 60]]), 'segments is [[1,60]]'],
    [
      'fewer segments',
      mixed({ segments }),
      (p) => (p.meta.segments = [[1, 2]]),
      'the part "u0_codes" is U8 [1,5]; the tensor needs U8 [1,2]',
    ],
    ['a count below zero', sparse(), (p) => (p.meta.count = -1), 'count is -1; expected a whole number'],
    ['another count', sparse(), (p) => (p.meta.count = 1), 'the tensor needs BF16 [1]'],
    ['another codec', sign(), (p) => (p.codec = 'int8'), 'd: tensor "w": group is undefined'],
    ['no steps', 'steps', (p) => (p.meta.steps = []), 'd: tensor "w": steps is []; expected a list of changes'],
    ['a step in steps', 'steps', (p) => (p.meta.steps[0].change.codec = 'steps'), 'd: tensor "w": steps is [{'],
    ['a way that is none', 'steps', (p) => (p.meta.steps[1].sign = 2), 'd: tensor "w": steps is [{'],
    [
      'steps of another codec',
      'steps',
      (p) => (p.meta.steps[0].change.codec = 'int8'),
      'tensor "w": group is undefined',
    ],
    ['steps of an unknown codec', 'steps', (p) => (p.meta.steps[1].change.codec = 'x'), 'stored by the codec "x"'],
    ['steps that miss a part', 'steps', (p) => p.meta.steps.reverse(), 'there is no part'],
    ['a part that is missing', sign(), (p) => (p.codec = 'sparse'), 'd: tensor "w": count is undefined'],
  ])('with %s', async (_, codec, edit, message) => {
    expect(await fault(codec, edit)).toContain(message);
  });
});

describe('damage', () => {
  it.each([...CODECS.map((codec) => [codec.id, codec] as const), ['steps', 'steps'] as const])(
    'of %s never gives another model',
    async (_, codec) => {
      const files = await made(codec);
      const right = memoryFolder();
      await apply(base, memoryFolder(files), right, { codecs: CODECS });
      let state = 1;
      const draw = (most: number) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * most);
      };
      let refused = 0;
      for (let i = 0; i < 100; i++) {
        const name = [...files.keys()][i % files.size] as string;
        const bytes = (files.get(name) as Uint8Array).slice();
        bytes[draw(bytes.length)]! ^= 1 << draw(8);
        const out = memoryFolder();
        const error = await apply(base, memoryFolder([...files, [name, bytes]], 'd'), out, { codecs: CODECS }).then(
          () => null,
          (caught: Error) => caught,
        );
        if (error === null) expect(out.files).toEqual(right.files);
        else {
          refused += 1;
          expect(['DeltaError', 'CheckpointError', 'SafetensorsError'], error.stack).toContain(error.name);
          expect(out.files.size).toBe(0);
        }
      }
      expect(refused).toBeGreaterThan(75);
    },
  );
});
