import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import type { Tokens } from '@peftjs/core';
import { beforeAll, expect, test } from 'vitest';
import { editedPositions, type Positions } from './edited-positions.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

function edited(mask: readonly string[], positions: Positions, t = (mask[0] as string).length): readonly string[] {
  const shape = [mask.length, (mask[0] as string).length] as const;
  const real = Int32Array.from(mask.join(''), Number);
  const tokens: Tokens = { ids: real, mask: real, shape, past: 0 };
  const out = editedPositions({ training: false, seed: 0, tokens }, [mask.length, t, 8], positions);
  const bits = [...(out?.dataSync() ?? [])].join('');
  out?.dispose();
  return mask.map((_, row) => bits.slice(row * t, (row + 1) * t));
}

test('are the first and the last tokens of each row, whichever side is padded', () => {
  expect(edited(['11111100', '00111111'], { first: 1, last: 2 })).toEqual(['10001100', '00100011']);
});

test('are each edited once where first and last meet, and no more than there are', () => {
  expect(edited(['11100', '01000', '00000'], { first: 2, last: 2 })).toEqual(['11100', '01000', '00000']);
});

test('are none at an end that none is asked for', () => {
  expect(edited(['1111'], { first: 0, last: 1 })).toEqual(['0001']);
  expect(edited(['1111'], { first: 3, last: 0 })).toEqual(['1110']);
});

test('stand behind the positions that a prompt has put in front', () => {
  expect(edited(['1110', '1111'], { first: 1, last: 1 }, 7)).toEqual(['0001010', '0001001']);
});

test('are none behind a key-value cache', () => {
  const tokens: Tokens = { ids: new Int32Array(4), mask: Int32Array.of(1, 1, 1, 1), shape: [1, 4], past: 3 };
  expect(editedPositions({ training: false, seed: 0, tokens }, [1, 1, 8], { first: 1, last: 1 })).toBeNull();
});

test('count from the ends of each row where the host reads no tokens', () => {
  const out = editedPositions({ training: false, seed: 0 }, [2, 3, 8], { first: 1, last: 0 });
  expect([...(out?.dataSync() ?? [])]).toEqual([1, 0, 0, 1, 0, 0]);
  out?.dispose();
});
