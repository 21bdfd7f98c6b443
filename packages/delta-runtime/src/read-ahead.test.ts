import { expect, it } from 'vitest';
import { readAhead } from './read-ahead.ts';

it('begins the next before one is made use of, and no more', async () => {
  const said: string[] = [];
  const read = async (item: string) => {
    said.push(`read ${item}`);
    return item.toUpperCase();
  };
  for await (const [item, found] of readAhead(['a', 'b', 'c'], read)) said.push(`${item} is ${found}`);
  expect(said).toEqual(['read a', 'read b', 'a is A', 'read c', 'b is B', 'c is C']);
});

it('fails where one is, after those before it', async () => {
  const said: string[] = [];
  const read = async (item: string) => {
    if (item === 'b') throw new Error('b is damaged');
    return item;
  };
  const all = async () => {
    for await (const [item] of readAhead(['a', 'b', 'c'], read)) said.push(item);
  };
  await expect(all()).rejects.toThrow('b is damaged');
  expect(said).toEqual(['a']);
});

it('waits for what has begun where nothing more is wanted', async () => {
  let isRead = false;
  const read = async (item: string) => {
    if (item === 'a') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
    isRead = true;
    throw new Error('nobody asks for it');
  };
  for await (const _ of readAhead(['a', 'b'], read)) break;
  expect(isRead).toBe(true);
});
