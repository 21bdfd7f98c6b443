// The sizes that scripts/size.mjs measures.
import { measureSizes } from '../scripts/size.mjs';

type Size = Awaited<ReturnType<typeof measureSizes>>[number];

declare const data: readonly Size[];

export { data };

// Without `watch`, as benchmarks.data.ts.
export default { load: (): Promise<readonly Size[]> => measureSizes() };
