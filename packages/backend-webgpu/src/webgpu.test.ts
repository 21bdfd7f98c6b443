import { writeSync } from 'node:fs';
import { useBackend } from '@peftjs/backend';
import { expect, it } from 'vitest';
import { webgpu } from './webgpu.ts';

it('starts', async () => {
  expect(await webgpu().probe()).toBe(null);
  writeSync(2, JSON.stringify(await useBackend(webgpu())));
});
