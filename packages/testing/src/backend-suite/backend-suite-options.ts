// What a backend's test says of the backend to the suite.
import type { Backend } from '@peftjs/backend';
import type { OperationGroup } from './tfjs-cases.ts';

/** Cases that a backend cannot do, and the kernel that its error names. */
export type LackingOps = Readonly<Record<string, string>>;

export interface BackendSuiteOptions {
  /**
   * The backend whose numbers this one's must agree with: cpu. Left out, the fused ops' reference forms run on this one, and
   * tfjs's own operations are held against finite differences.
   */
  readonly reference?: Backend;
  /** The groups of tfjs's own operations to try; all of them when left out. */
  readonly operations?: readonly OperationGroup[];
  /** Cases of `tfjs-cases.ts` that it cannot do, with the kernel that its error must name. */
  readonly lacks?: LackingOps;
}
