// Few rows times codes of four bits whose 16 numbers are 1 apart: shifts cut the two codes of a byte from each other, in half
// the time that looking them up takes. What is added to all numbers of a group is multiplied with the sum of x over it.
import { type GroupedForm, groupSizes, type PackedMatrix } from '@peftjs/backend';
import { HALF, int, op, type Raw, raw, tensorflow, typeAttribute, UINT8 } from '../native.ts';
import { add, matMul, mul, reshape, scale, sumOver } from '../native-math.ts';
import { asHalves, bitcast, cast, reshapeAs, rowsOf, scalesOf, slice } from './packed-reader.ts';

/** Rows of x from which a product takes longer than decoding. */
const FEW_ROWS = 4;

/** Whether `timesEven` multiplies so many rows. */
export function areEven({ levels, group }: GroupedForm, { inDim }: PackedMatrix, rows: number): boolean {
  if (levels === null || group === 'row' || inDim % group !== 0 || rows > FEW_ROWS) return false;
  return levels.every((level, code) => level === (levels[0] as number) + code);
}

/** What multiplies x [m, i] with so many rows of the matrix from one on. Must run inside of `run`. */
export function timesEven(form: GroupedForm, matrix: PackedMatrix, x: Raw): (first: number, count: number) => Raw {
  const { TF_FLOAT, TF_INT32 } = tensorflow().binding;
  const { inDim, tensors } = matrix;
  const { length, groups } = groupSizes(form, inDim);
  const m = x.shape[0] as number;
  const pairs = reshape(x, [(m * inDim) / 2, 2]);
  const [even, odd] = [0, 1].map((k) =>
    reshape(slice(pairs, [0, k], [(m * inDim) / 2, 1], TF_FLOAT), [m, inDim / 2]),
  ) as [Raw, Raw];
  const sums = sumOver(reshape(x, [m, groups, length]), [2]);
  const [four, lower] = [4, 15].map((n) => cast(int(n), TF_INT32, UINT8)) as [Raw, Raw];
  const codes = rowsOf(asHalves(tensors.codes), HALF);
  const scales = rowsOf(scalesOf(form, matrix), TF_FLOAT);
  const offsets = tensors.offsets && rowsOf(raw(tensors.offsets), TF_FLOAT);
  return (first, count) => {
    const bytes = reshapeAs(bitcast(codes.between(first, count), HALF, UINT8), [count, inDim / 2], UINT8);
    const own = scales.between(first, count);
    const each = reshape(own, [count * groups, 1]);
    const part = (name: string, by: Raw) => {
      const cut = op(name, [typeAttribute('T', UINT8)], [bytes, by]);
      const scaled = mul(reshape(cast(cut, UINT8, TF_FLOAT), [count * groups, length / 2]), each);
      return reshape(scaled, [count, inDim / 2]);
    };
    const product = add(
      matMul(even, part('RightShift', four), false, true),
      matMul(odd, part('BitwiseAnd', lower), false, true),
    );
    const base = scale(own, form.levels?.[0] as number);
    const shift = offsets ? add(base, offsets.between(first, count)) : base;
    return add(product, matMul(sums, shift, false, true));
  };
}
