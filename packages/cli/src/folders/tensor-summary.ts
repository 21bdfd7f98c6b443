// Many tensors in a few lines: those of the layers together, with how many there are.

export interface TensorFacts {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface TensorGroup extends TensorFacts {
  readonly count: number;
}

/** A name, whichever layer it is of. */
export const ofAnyLayer = (name: string): string => name.replace(/(?<=\.)\d+(?=\.)/g, '*');

/** Groups tensors whose names differ in numbers alone (`layers.*`) and that are otherwise the same. */
export function groupTensors(tensors: Iterable<TensorFacts>): readonly TensorGroup[] {
  const groups = new Map<string, TensorGroup>();
  for (const { name, dtype, shape } of tensors) {
    const pattern = ofAnyLayer(name);
    const key = `${pattern} ${dtype} ${shape}`;
    groups.set(key, { name: pattern, dtype, shape, count: (groups.get(key)?.count ?? 0) + 1 });
  }
  return [...groups.values()];
}

export function tensorLines(groups: readonly TensorGroup[]): readonly string[] {
  const width = Math.max(...groups.map(({ name }) => name.length));
  return groups.map(({ name, dtype, shape, count }) => {
    const times = count === 1 ? '' : `  x ${count}`;
    return `  ${name.padEnd(width)}  ${dtype.padEnd(4)} [${shape.join(', ')}]${times}`;
  });
}

export function countValues(tensors: Iterable<TensorFacts>): number {
  let sum = 0;
  for (const { shape } of tensors) sum += shape.reduce((n, d) => n * d, 1);
  return sum;
}
