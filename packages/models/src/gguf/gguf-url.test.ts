// A GGUF file behind a URL, of which nothing is read that is not needed.
import { expect, test } from 'vitest';
import { withStaticHost } from '../../../checkpoint/test/static-server.ts';
import { goldenFile } from '../../../gguf/test/golden-file.ts';
import { writeGguf } from '../../../gguf/test/write-gguf.ts';
import { batchOf, guardTensors, logitsOf } from '../../test/tiny-llama.ts';
import { openModelFolder } from '../hub/open-model-folder.ts';
import { loadModel } from '../load-model.ts';
import { ggufFolder } from './gguf-folder.ts';

guardTensors();

const golden = await goldenFile('llama.gguf');
const BATCH = batchOf([[3, 5, 7, 2]]);

test.each([true, false])('it loads as from a disk; a server that sends ranges: %s', async (ranges) => {
  const files = new Map([['a model.gguf', await golden.read(0, golden.size)]]);
  const here = await loadModel(await ggufFolder(golden));
  await withStaticHost(files, { ranges }, async ({ url }) => {
    const there = await loadModel(`${url}/a%20model.gguf`);
    expect(there.base.name).toBe(`${url}/a%20model.gguf`);
    expect(await there.base.fingerprint()).toBe(await here.base.fingerprint());
    expect(logitsOf(there, BATCH)).toEqual(logitsOf(here, BATCH));
    there.dispose();
    await expect(loadModel(`${url}/another.gguf`)).rejects.toThrow(`${url} has no another.gguf`);
  });
  here.dispose();
});

test('the header comes first, then each tensor that is asked for', async () => {
  const [vocab, dim] = [100_000, 8];
  const norm = Float32Array.from({ length: dim }, (_, i) => i + 1);
  const file = writeGguf(
    {
      'general.architecture': ['string', 'llama'],
      'llama.block_count': ['u32', 1],
      'llama.context_length': ['u32', 8],
      'llama.embedding_length': ['u32', dim],
      'llama.feed_forward_length': ['u32', 8],
      'llama.attention.head_count': ['u32', 2],
      'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-6],
    },
    [
      { name: 'token_embd.weight', dtype: 'F32', shape: [vocab, dim], bytes: new Uint8Array(4 * vocab * dim) },
      { name: 'output_norm.weight', dtype: 'F32', shape: [dim], bytes: new Uint8Array(norm.buffer) },
    ],
  );
  await withStaticHost(new Map([['a.gguf', file]]), {}, async ({ url, asked }) => {
    const { weights } = await openModelFolder(`${url}/a.gguf`);
    expect(await weights?.readFloat32('model.norm.weight')).toEqual(norm);
    const bytes = asked.map(({ range }) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') as RegExpExecArray;
      return Number(last) + 1 - Number(first);
    });
    expect(asked[0]?.range).toMatch(/^bytes=0-/);
    expect(bytes.reduce((sum, n) => sum + n)).toBeLessThan(file.length / 2);
  });
});
