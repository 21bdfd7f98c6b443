// A signed delta, read in pieces: whichever byte is another one, it is found before anything counts.
import { createKeys, memoryFolder, sign } from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { model, numbers, type Tensors } from '../test/models.ts';
import { apply } from './apply.ts';
import { chain } from './chain.ts';
import { diff } from './diff.ts';
import { inspect } from './inspect.ts';
import { tunedFolder } from './tuned-model.ts';
import { verify } from './verify.ts';

const one = (shift: number): Tensors => ({
  w: { dtype: 'F16', shape: [4], data: numbers(1, 4).map((v) => v + shift) },
});
const [base, tuned] = [model(one(0)), model(one(1))];
const { privateKey, publicKey } = await createKeys();
const trusted = [publicKey];
const [unsigned, signed] = [memoryFolder([], 'd'), memoryFolder([], 'd')];
await diff(base, tuned, unsigned);
await diff(base, tuned, signed);
await sign(signed, privateKey);

describe('a signed delta', () => {
  it('is applied as before, and one that is not signed is refused where a key is demanded', async () => {
    const out = memoryFolder();
    await apply(base, signed, out, { trusted });
    expect(out.files).toEqual(tuned.files);
    for (const read of [
      () => apply(base, unsigned, memoryFolder(), { trusted }),
      () => verify(unsigned, { trusted }),
      () => inspect(unsigned, { trusted }),
      () => chain([unsigned], memoryFolder(), { trusted }),
      () => tunedFolder(base, unsigned, { trusted }),
    ])
      await expect(read()).rejects.toThrow(`d is not signed, and a signature by ${publicKey} is demanded`);
  });

  it('is not applied where a byte of what is read is another one', async () => {
    const reads = [...signed.files].filter(([name]) => name !== 'README.md');
    expect(reads.map(([name]) => name).sort()).toEqual([
      'delta.json',
      'delta.safetensors',
      'peftjs.json',
      'peftjs.sig.json',
    ]);
    for (const [name, bytes] of reads) {
      for (let at = 0; at < bytes.length; at += 11) {
        const other = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
        const out = memoryFolder();
        const delta = memoryFolder([...signed.files, [name, other]], 'd');
        await expect(apply(base, delta, out), `${name} ${at}`).rejects.toThrow(/^\[peftjs\/\w+\] \S.*$/);
        expect(out.files.size).toBe(0);
      }
    }
  });

  it('is read in pieces: of the file with the changes the header and what is asked for', async () => {
    const ends: number[] = [];
    const watched = {
      ...signed,
      async open(name: string) {
        const source = await signed.open(name);
        if (source === null || name !== 'delta.safetensors') return source;
        const read = (start: number, end: number) => {
          ends.push(end);
          return source.read(start, end);
        };
        return { ...source, read };
      },
    };
    await inspect(watched, { trusted });
    const file = signed.files.get('delta.safetensors') as Uint8Array;
    const header = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
    expect(Math.max(...ends)).toBe(header);
  });
});
