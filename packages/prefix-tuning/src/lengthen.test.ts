import { tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { withModel } from '../test/tiny-model.ts';
import { lengthen } from './lengthen.ts';

withModel();

test('everything that goes along with the tokens is as long as they are, and the prompt comes after what is ahead', () => {
  tidy(() => {
    const x = {
      embeds: tensor([
        [[1], [2]],
        [[3], [4]],
      ]),
      mask: tensor([
        [1, 1],
        [1, 0],
      ]),
      positions: tensor(
        [
          [3, 4],
          [3, 3],
        ],
        [2, 2],
        'int32',
      ),
      labels: tensor(
        [
          [5, 6],
          [7, -100],
        ],
        [2, 2],
        'int32',
      ),
      segments: tensor(
        [
          [0, 1],
          [1, 1],
        ],
        [2, 2],
        'int32',
      ),
      past: 0,
      padding: [0, 1],
      ahead: 3,
    };
    const { embeds, mask, positions, labels, segments, ...rest } = lengthen(x, tensor([[8], [9]]));
    expect(embeds.arraySync()).toEqual([
      [[8], [9], [1], [2]],
      [[8], [9], [3], [4]],
    ]);
    expect(mask.arraySync()).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 0],
    ]);
    expect(positions.arraySync()).toEqual([
      [3, 4, 5, 6],
      [3, 4, 5, 5],
    ]);
    expect(labels?.arraySync()).toEqual([
      [-100, -100, 5, 6],
      [-100, -100, 7, -100],
    ]);
    expect(segments?.arraySync()).toEqual([
      [0, 0, 0, 1],
      [0, 0, 1, 1],
    ]);
    for (const one of [positions, labels, segments]) expect(one?.dtype).toBe('int32');
    expect(rest).toEqual({ past: 0, padding: [0, 1], ahead: 3 });
  });
});
