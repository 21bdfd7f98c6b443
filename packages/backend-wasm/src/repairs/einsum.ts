// Einsum, which tfjs lacks: sums over what one operand has alone, then one batched product.
import {
  backend_util,
  cast,
  clone,
  type KernelFunc,
  matMul,
  reshape,
  sum,
  type Tensor,
  tidy,
  transpose,
  util,
} from '@tensorflow/tfjs-core';

/** A tensor with a letter for each dimension. */
interface Term {
  readonly labels: string;
  readonly x: Tensor;
}

/** Without the dimensions that neither the result nor the other operand has. */
function reduced({ labels, x }: Term, elsewhere: string): Term {
  const alone = [...labels.split('').keys()].filter((i) => !elsewhere.includes(labels.charAt(i)));
  const kept = labels.split('').filter((label) => elsewhere.includes(label));
  return { labels: kept.join(''), x: alone.length === 0 ? x : sum(x, alone) };
}

function ordered({ labels, x }: Term, order: string): Tensor {
  return labels === order
    ? x
    : transpose(
        x,
        [...order].map((label) => labels.indexOf(label)),
      );
}

/** The product of two terms, [...batch, ...rows, ...columns]. */
function product(a: Term, b: Term, result: string): Term {
  const size = new Map([a, b].flatMap(({ labels, x }) => [...labels].map((label, i) => [label, x.shape[i] as number])));
  const sizes = (labels: string) => [...labels].map((label) => size.get(label) as number);
  const count = (labels: string) => util.sizeFromShape(sizes(labels));
  const pick = (from: string, keep: (label: string) => boolean) => [...from].filter(keep).join('');
  const batch = pick(a.labels, (label) => b.labels.includes(label) && result.includes(label));
  const inner = pick(a.labels, (label) => b.labels.includes(label) && !result.includes(label));
  const rows = pick(a.labels, (label) => !b.labels.includes(label));
  const columns = pick(b.labels, (label) => !a.labels.includes(label));
  const left = reshape(ordered(a, batch + rows + inner), [count(batch), count(rows), count(inner)]);
  const right = reshape(ordered(b, batch + inner + columns), [count(batch), count(inner), count(columns)]);
  const labels = batch + rows + columns;
  return { labels, x: reshape(matMul(left, right), sizes(labels)) };
}

export const einsumKernel: KernelFunc = ({ inputs, attrs }) => {
  const operands = Object.values(inputs) as Tensor[];
  const equation = (attrs as { equation: string }).equation.replace(/\s/g, '');
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, operands.length);
  backend_util.checkEinsumDimSizes(allDims.length, idDims, operands);
  const [left, result] = equation.split('->') as [string, string];
  const terms = left.split(',');
  const whole = operands.every(({ dtype }) => dtype === 'int32');
  return tidy(() => {
    const [a, b] = operands.map((x, i) =>
      reduced({ labels: terms[i] as string, x: cast(x, 'float32') }, result + (terms[1 - i] ?? '')),
    ) as [Term, Term | undefined];
    const out = ordered(b === undefined ? a : product(a, b, result), result);
    return cast(out === operands[0] ? clone(out) : out, whole ? 'int32' : 'float32');
  });
};
