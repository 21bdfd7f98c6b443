// One call of a fused op to try, beside the op in double precision.
import type { FusedOp } from '@peftjs/backend';
import type { Exact } from './exact-ops.ts';
import type { Numbers } from './numbers.ts';

export interface FusedCase {
  readonly title: string;
  readonly op: FusedOp;
  readonly exact: Exact<never>;
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly attrs: object;
  /** The gradient by the reference's formula is not the derivative there. */
  readonly flat?: boolean;
}
