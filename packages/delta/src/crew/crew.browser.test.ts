import { expect, test } from 'vitest';
import { bytesOf, form, present, watched } from '../../test/present-crew.ts';
import { encodeChunk } from '../codecs/exact-tasks.ts';

test("a page's worker gives what the page itself does", async () => {
  const crew = await present(1);
  const { task, local } = watched(encodeChunk);
  const inputs = [bytesOf(1), bytesOf(2)];
  const coded = await crew.run(task, inputs, { form, forward: false });
  expect(local.count).toBe(0);
  expect(coded).toEqual(await encodeChunk.run(inputs, { form, forward: false }, async () => {}));
  crew.end();
});
