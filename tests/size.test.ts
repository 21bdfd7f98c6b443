import { expect, test } from 'vitest';
import { BUNDLES, measureSizes } from '../scripts/size.mjs';

const sizes = await measureSizes();

test.for(BUNDLES)('$name stays within $limit bytes gzipped, beside tfjs-core', ({ name, limit }, { task }) => {
  const size = sizes.find((one) => one.name === name);
  const parts = Object.entries(size?.packages ?? {}).map(([part, bytes]) => `${part} ${bytes}`);
  const figure = `${name}: ${size?.gzipped} bytes gzipped (minified: ${parts.join(', ')})`;
  Object.assign(task.meta, { figure });
  expect(size?.gzipped, figure).toBeGreaterThan(0);
  expect(size?.gzipped, figure).toBeLessThanOrEqual(limit);
});
