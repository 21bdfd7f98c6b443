import { afterEach, expect, test, vi } from 'vitest';
import { nextTurn } from './next-turn.ts';

afterEach(() => void vi.unstubAllGlobals());

test.for(['setImmediate', 'MessageChannel'])('lets a timer fire, with %s', async (means) => {
  if (means === 'MessageChannel') vi.stubGlobal('setImmediate', undefined);
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 0);
  const end = performance.now() + 1000;
  while (!fired && performance.now() < end) await nextTurn();
  expect(fired).toBe(true);
});
