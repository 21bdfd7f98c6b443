import { expect, it } from 'vitest';
import { lend, withRoom } from './room.ts';

it('lends the same memory again, and never to two at once', async () => {
  const [one, two] = [lend(), lend()];
  const [a, b] = [one.room(5000), two.room(5000)];
  expect(a.buffer).not.toBe(b.buffer);
  expect(one.room(4000).buffer).toBe(a.buffer);
  one.giveBack();
  one.giveBack();
  const [three, four] = [lend(), lend()];
  expect(three.room(5000).buffer).toBe(a.buffer);
  expect([a.buffer, b.buffer]).not.toContain(four.room(5000).buffer);
  two.giveBack();
  const failing = withRoom(async (room) => {
    expect(room(4500).buffer).toBe(b.buffer);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await withRoom(async (room) => room(5000).buffer)).toBe(b.buffer);
  three.giveBack();
  four.giveBack();
});

it('takes other memory where more is needed', () => {
  const { room, giveBack } = lend();
  const small = room(7000);
  const large = room(300_000);
  expect(large).toHaveLength(300_000);
  expect(large.buffer).not.toBe(small.buffer);
  expect(lend().room(7000).buffer).toBe(small.buffer);
  giveBack();
});
