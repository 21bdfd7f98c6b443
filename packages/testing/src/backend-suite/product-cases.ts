// Matrix products under every transposition: broadcast batches, and sizes off every block.
import { matMul, type Tensor } from '@tensorflow/tfjs-core';
import { given, type TfjsCase } from './tfjs-case.ts';

export function productCases(): readonly TfjsCase[] {
  const batches = [
    [[], []],
    [[3], [3]],
    [[3], []],
    [[], [3]],
    [[2, 3], [3]],
    [[2, 1], [3]],
    [
      [2, 1],
      [1, 3],
    ],
  ] as const;
  const turned = (shape: readonly number[], t: boolean) => (t ? [shape[1], shape[0]] : shape) as number[];
  return [false, true].flatMap((ta) =>
    [false, true].flatMap((tb) => [
      ...batches.map(([p, q]) => {
        const shapes = [
          [...p, ...turned([5, 3], ta)],
          [...q, ...turned([3, 4], tb)],
        ] as const;
        return given(
          `[${shapes[0]}] x [${shapes[1]}]${ta ? " a'" : ''}${tb ? " b'" : ''}`,
          shapes,
          (a: Tensor, b: Tensor) => matMul(a, b, ta, tb),
        );
      }),
      ...(
        [
          [17, 130, 3],
          [1, 130, 17],
          [130, 1, 17],
          [1, 1, 1],
        ] as const
      ).map(([m, k, n]) =>
        given(
          `${m} x ${k} x ${n}${ta ? " a'" : ''}${tb ? " b'" : ''}`,
          [turned([m, k], ta), turned([k, n], tb)],
          (a: Tensor, b: Tensor) => matMul(a, b, ta, tb),
        ),
      ),
    ]),
  );
}
