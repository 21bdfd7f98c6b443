// Bottleneck adapters (Houlsby et al., arXiv 1902.00751; Pfeiffer et al., 2005.00247; He et al., 2110.04366): a branch's
// output h becomes h + s (U f(D z + a) + c), D [r, d], U [d, r]; z is h, or what enters the branch where it is parallel.
import type { Method, ParamSpec, Part, SiteOf, Targets, Tensors } from '@peftjs/core';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { Activation } from './activation.ts';
import { type BottleneckInitializer, zero, zeroUp } from './initializers.ts';
import { pfeiffer, type Style } from './style.ts';
import { BOTTLENECK_FILES, type BottleneckTensors, bottleneckShapes, throughBottleneck } from './through-bottleneck.ts';

export interface BottleneckOptions {
  /** Where they stand and what they see: `houlsby`, `pfeiffer`, `parallel`; `pfeiffer` when left out. */
  readonly style?: Style;
  /** The width; a sixteenth of the model's when left out. */
  readonly r?: number;
  /** The model's width over the bottleneck's, in place of `r`. */
  readonly reduction?: number;
  /** The style's when left out. */
  readonly activation?: Activation;
  /** How much the change counts; the style's when left out. */
  readonly scaling?: number;
  /** How the matrices start; `zeroUp` when left out. */
  readonly init?: BottleneckInitializer;
  /** Which branches, or layers of a model without any; the style's branches when left out. */
  readonly targets?: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
}

const REDUCTION = 16;

/** A branch; or a stream, where a model has layers and no branches. */
type WideSite = SiteOf<'residual' | 'stream'>;

/**
 * Bottleneck adapters on a model's branches.
 *
 * @throws when a number is out of its range, or options contradict each other
 * @example
 * attach(model, bottleneck({ style: houlsby, reduction: 8 }));
 */
export function bottleneck(options: BottleneckOptions = {}): Method {
  const { style = pfeiffer, r, reduction = REDUCTION, init = zeroUp, exclude, layers } = options;
  const { activation = style.activation, scaling = style.scaling, targets = style.branches } = options;
  check(options);
  const shape = { style, activation, scaling };
  const widthOf = ({ dim }: WideSite) => r ?? Math.max(1, Math.floor(dim / reduction));
  const part = <K extends WideSite['kind']>(): Part<K> => ({
    check: (site: WideSite) =>
      widthOf(site) > site.dim ? `r is ${widthOf(site)}, the branch is ${site.dim} wide; give at most that` : null,
    params(site: WideSite) {
      const shapes = bottleneckShapes(widthOf(site), site.dim);
      const spec = (key: keyof BottleneckTensors, fill: ParamSpec['init']): ParamSpec => ({
        file: BOTTLENECK_FILES[key],
        shape: shapes[key],
        init: fill,
      });
      return {
        down: spec('down', init.down),
        downBias: spec('downBias', zero),
        up: spec('up', init.up),
        upBias: spec('upBias', zero),
      };
    },
    forward(args) {
      const { x, base, params } = args as { x: Tensor; base: (x: Tensor) => Tensor; params: Tensors };
      const h = base(x);
      return add(h, throughBottleneck(style.parallel ? x : h, params as BottleneckTensors, shape));
    },
  });
  return {
    type: 'BOTTLENECK',
    targets: { modules: targets, exclude, layers },
    on: { residual: part<'residual'>(), stream: part<'stream'>() },
    config({ sites }) {
      const [width, ...others] = new Set((sites as readonly WideSite[]).map(widthOf));
      return {
        library_name: 'peftjs',
        style: style.name,
        ...(width === undefined || others.length ? { reduction } : { r: width }),
        activation: activation.name,
        scaling,
        target_modules: sites.map((site) => site.path),
      };
    },
  };
}

function check({ r, reduction, scaling = 1 }: BottleneckOptions): void {
  const fail = (what: string) => {
    throw new Error(`[peftjs/adapters] ${what}`);
  };
  if (r !== undefined && reduction !== undefined) fail('r and reduction both state the width; leave one out');
  if (r !== undefined && !(Number.isInteger(r) && r > 0)) fail(`r is ${r}; give a whole number above 0`);
  if (!((reduction ?? 1) >= 1 && Number.isFinite(reduction ?? 1)))
    fail(`reduction is ${reduction}; give a number of 1 or more`);
  if (!Number.isFinite(scaling)) fail(`scaling is ${scaling}; give a number`);
}
