// What a fusion does at each branch, whether its adapters' values are given now or come from a folder.
import { rowsOf } from '@peftjs/backend';
import type { Method, ParamSpec, ParamSpecs, Part, Targets, Tensors } from '@peftjs/core';
import { add, eye, mul, reshape, square, sub, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { attendAdapters } from './attend-adapters.ts';
import { normalOf, zero } from './initializers.ts';
import { BOTTLENECK_FILES, type BottleneckTensors, bottleneckShapes, throughBottleneck } from './through-bottleneck.ts';
import type { FusedShape, Values } from './trained-bottlenecks.ts';

/** Adapters that are fused, as a folder states them, and the values of their parameters unless a folder brings those. */
export interface Fused {
  readonly shapes: readonly FusedShape[];
  readonly branches?: ReadonlyMap<string, readonly Values[]>;
}

const NAMES = Object.keys(BOTTLENECK_FILES) as (keyof BottleneckTensors)[];

/** The frozen parameters of adapter `n` on a branch of width `d`. */
function frozen(n: number, { r }: FusedShape, d: number, values: Values | undefined): ParamSpecs {
  const shapes = bottleneckShapes(r, d);
  const specs = NAMES.map((name): [string, ParamSpec] => {
    const shape = shapes[name];
    const init: ParamSpec['init'] = values ? () => tensor(values[name].data.slice(), [...shape]) : zero;
    return [`${name}${n}`, { file: `fused.${n}.${BOTTLENECK_FILES[name]}`, shape, init, trainable: false }];
  });
  return Object.fromEntries(specs);
}

function tensorsOf(n: number, params: Tensors): BottleneckTensors {
  return Object.fromEntries(NAMES.map((name) => [name, params[`${name}${n}`]])) as unknown as BottleneckTensors;
}

/** A fusion as a method; `regularization` times V's squared distance from the identity is added to the loss. */
export function makeFusion({ shapes, branches }: Fused, targets: Targets['modules'], regularization: number): Method {
  const residual: Part<'residual'> = {
    check({ path, dim }) {
      const values = branches?.get(path);
      if (branches && !values) return 'the adapters to be fused have nothing there';
      const d = values?.[0]?.upBias.shape[0] ?? dim;
      return d === dim ? null : `the adapters to be fused are for a width of ${d}, it has ${dim}`;
    },
    params({ path, dim }) {
      const attention = (name: string, init: ParamSpec['init']): ParamSpec => ({
        file: `fusion_${name}.weight`,
        shape: [dim, dim],
        init,
      });
      return {
        query: attention('query', normalOf(0.02)),
        key: attention('key', normalOf(0.02)),
        value: attention('value', () => eye(dim)),
        ...Object.assign({}, ...shapes.map((shape, n) => frozen(n, shape, dim, branches?.get(path)?.[n]))),
      };
    },
    forward({ x, base, params }) {
      const h = base(x);
      const changes = shapes.map((shape, n) =>
        rowsOf(throughBottleneck(shape.style.parallel ? x : h, tensorsOf(n, params), shape)),
      );
      return reshape(attendAdapters(rowsOf(h), changes, params), h.shape);
    },
  };
  const strayed = ({ value }: Tensors) => sum(square(sub(value as Tensor, eye((value as Tensor).shape[0] as number))));
  return {
    type: 'ADAPTER_FUSION',
    targets: { modules: targets },
    on: { residual },
    ...(regularization > 0 && {
      penalty: (params) =>
        mul(
          params.map(strayed).reduce((all, one) => add(all, one)),
          regularization,
        ),
    }),
    config: ({ sites }) => ({
      library_name: 'peftjs',
      adapters: shapes.map(({ style, r, activation, scaling }) => ({
        style: style.name,
        r,
        activation: activation.name,
        scaling,
      })),
      regularization,
      target_modules: sites.map((site) => site.path),
    }),
  };
}
