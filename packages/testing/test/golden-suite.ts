// The golden cases of the repository on one backend: all of them, or a choice where a backend is slow in software.
import type { Backend } from '@peftjs/backend';
import { runGoldenCase } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { expect, it } from 'vitest';
import { AFTER, FAMILIES } from './every-method.ts';
import { onDisk } from './repository.ts';

const ALL = Object.keys(import.meta.glob('../../../golden/cases/*/case.json')).map((path) => path.split('/').at(-2)!);

/**
 * @param some the cases to run; all of them when left out, or where PEFTJS_ALL_GOLDEN is set
 * @param open opens the repository's folders; on the disk when left out
 */
export function describeGolden(backend: Backend, some: readonly string[] = ALL, open = onDisk): void {
  const chosen = process.env.PEFTJS_ALL_GOLDEN ? ALL : some;
  describeOn(backend, 'golden cases', () => {
    leakGuard();
    it.for(chosen)('%s', async (name) => {
      const { parts } = await runGoldenCase((part) => open(`golden/cases/${name}/${part}`), FAMILIES, { after: AFTER });
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.filter(({ error, tolerance }) => !(error <= tolerance))).toEqual([]);
    });
  });
}
