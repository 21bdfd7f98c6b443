// Where bottlenecks stand and what they see: one value for each of the papers' designs.
import { type Activation, gelu, relu } from './activation.ts';

export interface Style {
  /** `style` in `adapter_config.json`. */
  readonly name: string;
  /** The roles of the branches that get a bottleneck where no targets are given. */
  readonly branches: readonly string[];
  /** It sees what enters the branch instead of what the branch gives. */
  readonly parallel: boolean;
  /** What the paper uses, for where nothing else is asked for. */
  readonly activation: Activation;
  readonly scaling: number;
}

/** After attention and after feed-forward (Houlsby et al., arXiv 1902.00751). */
export const houlsby: Style = {
  name: 'houlsby',
  branches: ['attn', 'mlp'],
  parallel: false,
  activation: gelu,
  scaling: 1,
};

/** After feed-forward alone (Pfeiffer et al., arXiv 2005.00247). */
export const pfeiffer: Style = {
  name: 'pfeiffer',
  branches: ['mlp'],
  parallel: false,
  activation: relu,
  scaling: 1,
};

/** Beside feed-forward, counting four times (He et al., arXiv 2110.04366). */
export const parallel: Style = {
  name: 'parallel',
  branches: ['mlp'],
  parallel: true,
  activation: relu,
  scaling: 4,
};

/** All that a folder may name. */
export const STYLES: readonly Style[] = [houlsby, pfeiffer, parallel];
