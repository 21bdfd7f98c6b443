import { readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { blockWriter } from './write-behind.ts';

/** 0, 1, 2 … in parts of one memory, which is written over each time. */
async function* counting(sizes: readonly number[]) {
  const memory = new Uint8Array(100);
  let next = 0;
  for (const size of sizes) {
    const part = memory.subarray(0, size);
    for (let i = 0; i < size; i++) part[i] = next++;
    yield part;
    memory.fill(255);
  }
}

it('writes all of what comes in parts, however they fit its blocks', async () => {
  const write = blockWriter({ block: 8, stretch: 16 });
  for (const sizes of [[], [0], [3, 5], [1, 0, 8, 7], [40, 1, 40], [100]]) {
    const path = join(temporaryFolder(), 'x');
    const file = await fs.open(path, 'wx');
    await write(file, counting(sizes));
    await file.close();
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect([...readFileSync(path)]).toEqual(Array.from({ length: total }, (_, i) => i));
  }
});

it.each(['appendFile', 'datasync'] as const)('passes on that %s failed, at the end too', async (name) => {
  for (const failing of [1, 2]) {
    const file = await fs.open(join(temporaryFolder(), 'x'), 'wx');
    let calls = 0;
    const call = file[name].bind(file) as (...args: unknown[]) => Promise<void>;
    file[name] = async (...args: unknown[]) => {
      calls += 1;
      if (calls === failing) throw new RangeError('no disk');
      await call(...args);
    };
    await expect(blockWriter({ block: 8, stretch: 8 })(file, counting([16]))).rejects.toThrow('no disk');
    await file.close();
  }
});
