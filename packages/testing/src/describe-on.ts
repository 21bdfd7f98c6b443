// Tests that run on a backend where it is present. Where it is not, they are skipped with the reason; in CI they fail.
import { type Backend, useBackend } from '@peftjs/backend';
import { beforeAll, describe, it } from 'vitest';

/**
 * A `describe` on this backend.
 *
 * @example
 * describeOn(node(), 'my kernels', () => it('…', () => {}));
 */
export function describeOn(backend: Backend, title: string, body: () => void): void {
  describe(`${title} on ${backend.name}`, async () => {
    const obstacle = await backend.probe();
    if (obstacle === null) {
      beforeAll(async () => {
        await useBackend(backend);
      });
      body();
    } else if (process.env.CI) {
      it('is present', () => {
        throw new Error(`[peftjs/testing] ${backend.name} cannot run here: ${obstacle}`);
      });
    } else it.skip(`all of them: ${obstacle}`, () => {});
  });
}
