// Trained bottleneck adapters that are to be fused, checked to fit together.
import { type AdapterSnapshot, nearest, type SavedTensor } from '@peftjs/core';
import { bottleneckReader, readShape } from './read-bottleneck.ts';
import {
  BOTTLENECK_FILES,
  type BottleneckShape,
  type BottleneckTensors,
  bottleneckShapes,
} from './through-bottleneck.ts';

/** A bottleneck's options, and the width that it has on all its branches. */
export interface FusedShape extends BottleneckShape {
  readonly r: number;
}

/** One adapter's values on a branch. */
export type Values = { readonly [K in keyof BottleneckTensors]: SavedTensor };

export interface TrainedBottlenecks {
  readonly shapes: readonly FusedShape[];
  /** By path, one set of values an adapter. */
  readonly branches: ReadonlyMap<string, readonly Values[]>;
}

const PREFIX = 'base_model.model.';
const DOWN = `.${BOTTLENECK_FILES.down}`;

function fail(what: string): never {
  throw new Error(`[peftjs/adapters] ${what}`);
}

/** @throws when there are too few, one is of another method or base, or they stand on different branches */
export function trainedBottlenecks(adapters: readonly AdapterSnapshot[]): TrainedBottlenecks {
  if (adapters.length < 2) fail(`a fusion of ${adapters.length}; give two adapters or more`);
  const other = adapters.find(({ config }) => config.peft_type !== 'BOTTLENECK');
  if (other) fail(`a fusion takes adapters of type "BOTTLENECK"; one is of type "${other.config.peft_type}"`);
  const bases = new Set(adapters.flatMap(({ provenance }) => provenance?.base.fingerprint ?? []));
  if (bases.size > 1) fail('the adapters to be fused were trained on different bases; give adapters of one');
  const shapes = adapters.map(({ config }) => {
    const read = bottleneckReader(config);
    return { ...readShape(read), r: read.number('r') };
  });
  const paths = adapters.map(branchesOf);
  for (const [n, own] of paths.entries()) checkSame(paths[0] as readonly string[], own, n);
  const branches = (paths[0] as readonly string[]).map((path) => {
    const d = adapters[0]?.tensors.find((t) => t.key === PREFIX + path + DOWN)?.shape[1] as number;
    return [
      path,
      adapters.map((one, n) => valuesOf(one, path, bottleneckShapes((shapes[n] as FusedShape).r, d))),
    ] as const;
  });
  return { shapes, branches: new Map(branches) };
}

function branchesOf({ tensors }: AdapterSnapshot): readonly string[] {
  return tensors.filter(({ key }) => key.endsWith(DOWN)).map(({ key }) => key.slice(PREFIX.length, -DOWN.length));
}

function checkSame(first: readonly string[], own: readonly string[], n: number): void {
  const lacks = first.find((path) => !own.includes(path));
  const extra = own.find((path) => !first.includes(path));
  if (lacks) fail(`adapter 0 is on "${lacks}", adapter ${n} is not; only adapters on the same branches can be fused`);
  if (extra) fail(`adapter ${n} is on "${extra}", adapter 0 is not; only adapters on the same branches can be fused`);
}

function valuesOf({ tensors }: AdapterSnapshot, path: string, shapes: ReturnType<typeof bottleneckShapes>): Values {
  const keys = Object.keys(BOTTLENECK_FILES) as (keyof BottleneckTensors)[];
  const found = keys.map((name) => {
    const key = `${PREFIX}${path}.${BOTTLENECK_FILES[name]}`;
    const tensor = tensors.find((t) => t.key === key);
    if (!tensor)
      fail(
        `an adapter to be fused has no "${key}"${nearest(
          key,
          tensors.map((t) => t.key),
        )}`,
      );
    if (tensor.shape.join() !== shapes[name].join())
      fail(`"${key}" of an adapter to be fused has shape [${tensor.shape}]; [${shapes[name]}] is needed`);
    return [name, tensor] as const;
  });
  return Object.fromEntries(found) as Values;
}
