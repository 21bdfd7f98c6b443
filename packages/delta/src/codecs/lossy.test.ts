// What every lossy codec keeps to, and what each of them makes of a change.
import { memoryFolder } from '@peftjs/checkpoint';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { model, numbers, type Tensors } from '../../test/models.ts';
import { apply, undo } from '../apply.ts';
import type { Codec } from '../codec.ts';
import { diff } from '../diff.ts';
import { inspect } from '../inspect.ts';
import { modelSource } from '../model-source.ts';
import { decodeNumbers, encodeNumbers } from '../numbers.ts';
import { verify } from '../verify.ts';
import { int4, int8 } from './integers.ts';
import { lowRank } from './low-rank.ts';
import { mixed } from './mixed-precision.ts';
import { dare } from './selections.ts';
import { sign } from './sign.ts';
import { sparse } from './sparse.ts';

const CODECS: Readonly<Record<string, Codec>> = {
  'low rank': lowRank({ rank: 3 }),
  sign: sign(),
  'sign by row': sign({ perRow: true }),
  sparse: sparse({ density: 0.2 }),
  DARE: sparse({ density: 0.8, select: dare({ seed: 3 }) }),
  int8: int8({ group: 5 }),
  int4: int4({ group: 16 }),
  mixed: mixed({
    segments: [
      { rank: 1, bits: 8 },
      { rank: 3, bits: 3 },
      { rank: 9, bits: 2 },
    ],
  }),
};

const [O, I] = [24, 17];
const W = numbers(1, O * I);
const D = numbers(2, O * I).map((v, at) => 0.01 * v * (1 + 3 * Math.sin(at / I) * Math.cos(at % I)));
const TUNED = W.map((v, at) => v + (D[at] as number));
const sides = (more: Tensors = {}) => {
  const of = (data: Float32Array): Tensors => ({
    half: { dtype: 'F16', shape: [O, I], data },
    brain: { dtype: 'BF16', shape: [O, I], data },
    full: { dtype: 'F32', shape: [O, I], data },
    filters: { dtype: 'F16', shape: [O, 1, I], data },
    norm: { dtype: 'F16', shape: [I], data: data.slice(0, I) },
  });
  return { base: model({ ...of(W), ...more }, {}, 'base'), tuned: model(of(TUNED), {}, 'tuned') };
};

/** A model with one matrix, and what comes out of it. */
async function roundTrip(codec: Codec, change: Float32Array = D, shape = [O, I]) {
  const side = (data: Float32Array) => model({ w: { dtype: 'F32', shape, data } });
  const zeros = new Float32Array(change.length);
  const [delta, out] = [memoryFolder(), memoryFolder()];
  const { manifest, bytes } = await diff(side(zeros), side(change), delta, { codec, reversible: false });
  await apply(side(zeros), delta, out, { codecs: [codec] });
  const applied = await (await modelSource(out)).open('tensors', 'w');
  const values = decodeNumbers(await applied!.read(0, applied!.bytes), 'F32');
  return { values, error: manifest.tensors.get('w')?.payloads.change?.error as number, bytes };
}

/** Size of what is missing over the size of the change. */
function errorOf(change: Float32Array, values: Float32Array): number {
  const square = (all: Float32Array) => all.reduce((sum, v) => sum + v * v, 0);
  return Math.sqrt(square(change.map((v, at) => v - (values[at] as number))) / square(change));
}

describe.each(Object.entries(CODECS))('%s', (_, codec) => {
  it('gives what its delta says, and the base bit for bit', async () => {
    const { base, tuned } = sides();
    const [delta, there, back] = [memoryFolder(), memoryFolder(), memoryFolder()];
    const { manifest } = await diff(base, tuned, delta, { codec });
    expect(manifest.original).not.toBe(manifest.tuned.fingerprint);
    await verify(delta, { base, codecs: [codec] });
    await apply(base, delta, there, { codecs: [codec] });
    await undo(there, delta, back, { codecs: [codec] });
    expect(back.files).toEqual(base.files);
    await expect(undo(tuned, delta, memoryFolder(), { codecs: [codec] })).rejects.toThrow(
      '[peftjs/delta] tuned is the model that memory was made of, by a lossy codec; give what applying it gives',
    );
    const found = await inspect(delta);
    expect(found.reversible).toBe(true);
    expect(found.codecs[codec.id]?.error).toBeLessThan(1);
    const again = memoryFolder();
    await diff(base, tuned, again, { codec });
    expect(again.files).toEqual(delta.files);
  });

  it('states its error, as it is measured', async () => {
    const { values, error } = await roundTrip(codec);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeCloseTo(errorOf(D, values), 6);
  });

  it('stores the same whether it goes there and back at once or in turn', async () => {
    const { thereAndBack, ...inTurn } = codec;
    expect(thereAndBack).toBeDefined();
    const { base, tuned } = sides();
    const [once, twice] = [memoryFolder(), memoryFolder()];
    await diff(base, tuned, once, { codec });
    await diff(base, tuned, twice, { codec: inTurn });
    expect([...twice.files.keys()]).toEqual([...once.files.keys()]);
    for (const [name, bytes] of once.files)
      if (name.endsWith('.safetensors')) expect(twice.files.get(name)).toEqual(bytes);
  });

  it('says that it cannot be undone where what it loses was left out', async () => {
    const { base, tuned } = sides();
    const [delta, there] = [memoryFolder([], 'd'), memoryFolder()];
    await diff(base, tuned, delta, { codec, reversible: false });
    expect((await inspect(delta)).reversible).toBe(false);
    await apply(base, delta, there, { codecs: [codec] });
    await expect(undo(there, delta, memoryFolder(), { codecs: [codec] })).rejects.toThrow(
      `cannot be undone: the codec "${codec.id}" does not give back every bit`,
    );
  });

  it('leaves to the exact codec what it cannot hold', async () => {
    const odd = (value: number): Tensors => ({
      ids: { dtype: 'I32', shape: [2, 2], data: Int32Array.of(1, 2, 3, value) },
      mask: { dtype: 'F32', shape: [2, 2], data: Float32Array.of(value, Number.NaN, Number.POSITIVE_INFINITY, 0) },
    });
    const [base, tuned] = [model(odd(1)), model(odd(2))];
    const [delta, there] = [memoryFolder(), memoryFolder()];
    const { manifest } = await diff(base, tuned, delta, { codec });
    for (const [, { payloads }] of manifest.tensors) expect(payloads.change?.codec).toBe('exact');
    await apply(base, delta, there);
    expect(there.files).toEqual(tuned.files);
  });
});

describe('low rank', () => {
  it('misses as little as any matrix of its rank', async () => {
    const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(O, I, [...D]));
    const squares = diagonal.map((s) => s * s);
    const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
    for (const rank of [1, 4, 12]) {
      const least = Math.sqrt(sum(squares.slice(rank)) / sum(squares));
      expect((await roundTrip(lowRank({ rank }))).error).toBeCloseTo(least, 3);
    }
    expect((await roundTrip(lowRank({ rank: 100 }))).error).toBeLessThan(1e-3);
  });

  it('finds a rank that is lower, wide and tall', async () => {
    const product = (rows: number, columns: number) => {
      const [u, v] = [numbers(3, rows), numbers(4, columns)];
      return Float32Array.from({ length: rows * columns }, (_, at) => u[Math.floor(at / columns)]! * v[at % columns]!);
    };
    for (const [rows, columns] of [
      [5, 300],
      [300, 5],
      [1, 9],
      [40, 40],
    ] as const) {
      const { error, bytes } = await roundTrip(lowRank({ rank: 4 }), product(rows, columns), [rows, columns]);
      expect(error).toBeLessThan(1e-3);
      expect(bytes).toBeLessThan(2 * (rows + columns) + 600);
    }
  });
});

describe('sign', () => {
  it('has the sign of every number and their mean size, in a bit for each', async () => {
    const change = numbers(5, 64 * 64);
    const { values, bytes } = await roundTrip(sign(), change, [64, 64]);
    const mean = change.reduce((sum, v) => sum + Math.abs(v), 0) / change.length;
    const [size] = decodeNumbers(encodeNumbers(Float32Array.of(mean), 'BF16'), 'BF16');
    for (const [at, v] of values.entries()) expect(v).toBe(Math.sign(change[at] as number) * size!);
    expect(bytes).toBeLessThan(change.length / 8 + 500);
  });

  it('has the mean size of each row, whose bits begin with a byte', async () => {
    const change = numbers(6, 5 * 19);
    const { values } = await roundTrip(sign({ perRow: true }), change, [5, 19]);
    for (let row = 0; row < 5; row++) {
      const own = change.subarray(row * 19, (row + 1) * 19);
      const mean = own.reduce((sum, v) => sum + Math.abs(v), 0) / 19;
      const [size] = decodeNumbers(encodeNumbers(Float32Array.of(mean), 'BF16'), 'BF16');
      expect([...values.subarray(row * 19, (row + 1) * 19)]).toEqual([...own].map((v) => Math.sign(v) * size!));
    }
  });

  it('takes scales from elsewhere', async () => {
    const { values } = await roundTrip(sign({ scales: Float32Array.of(0.25) }));
    expect(new Set(values.map(Math.abs))).toEqual(new Set([0.25]));
    await expect(roundTrip(sign({ scales: new Float32Array(2) }))).rejects.toThrow(
      '[peftjs/delta] 2 scales were given for 24 rows; give one, or one for each row',
    );
  });
});

describe('undoing', () => {
  it('seldom misses a number of 16 bits, though scales have few bits', async () => {
    const [base, change] = [numbers(7, 64 * 64), numbers(8, 64 * 64)];
    const tuned = base.map((v, at) => v + (change[at] as number) / 64);
    // Half a step of the numbers from 0.5 to 1 lies in the scale's last bit.
    for (const [dtype, half] of [
      ['F16', 2 ** -12],
      ['BF16', 2 ** -9],
    ] as const) {
      const side = (data: Float32Array) => model({ w: { dtype, shape: [64, 64], data } });
      const delta = memoryFolder();
      await diff(side(base), side(tuned), delta, { codec: sign({ scales: Float32Array.of(2 ** -6 + half) }) });
      const { codecs } = await inspect(delta);
      expect(codecs.exact!.bytes).toBeLessThan(codecs.sign!.bytes);
    }
  });
});

describe('sparse', () => {
  it('keeps the largest numbers, and no others', async () => {
    const { values } = await roundTrip(sparse({ density: 0.1 }));
    const kept = [...values.keys()].filter((at) => values[at] !== 0);
    expect(kept).toHaveLength(Math.round(0.1 * D.length));
    const least = Math.min(...kept.map((at) => Math.abs(D[at] as number)));
    const above = [...D.keys()].filter((at) => Math.abs(D[at] as number) > least * (1 + 2 ** -7));
    for (const at of above) expect(values[at]).not.toBe(0);
  });

  it('by DARE keeps the sum that is to be expected', async () => {
    const ones = new Float32Array(64 * 1024).fill(1);
    const { values } = await roundTrip(sparse({ density: 0.25, select: dare() }), ones, [64, 1024]);
    expect(new Set(values)).toEqual(new Set([0, 4]));
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(3 / values.length));
  });
});

describe('integers', () => {
  it.each([
    ['int8', int8({ group: 8 }), 127],
    ['int4', int4({ group: 8 }), 7],
  ] as const)('of %s are within half a step', async (_, codec, most) => {
    const { values } = await roundTrip(codec);
    for (let row = 0; row < O; row++) {
      for (let begin = 0; begin < I; begin += 8) {
        const places = Array.from({ length: Math.min(8, I - begin) }, (_, k) => row * I + begin + k);
        const step = Math.max(...places.map((at) => Math.abs(D[at] as number))) / most;
        // A scale is rounded to bfloat16, which moves the last code by its own share.
        const allowed = step / 2 + most * step * 2 ** -8;
        for (const at of places) expect(Math.abs(values[at]! - D[at]!)).toBeLessThanOrEqual(allowed);
      }
    }
  });
});

describe('mixed', () => {
  it('misses less than low rank in as many bytes', async () => {
    const shape = [96, 96];
    const parts = Array.from({ length: 40 }, (_, k) => [numbers(2 * k + 10, 96), numbers(2 * k + 11, 96)] as const);
    const change = Float32Array.from({ length: 96 * 96 }, (_, at) =>
      parts.reduce((sum, [u, v], k) => sum + (u[Math.floor(at / 96)]! * v[at % 96]!) / (k + 1), 0),
    );
    const codec = mixed({
      segments: [
        { rank: 2, bits: 8 },
        { rank: 8, bits: 4 },
        { rank: 16, bits: 3 },
      ],
    });
    const some = await roundTrip(codec, change, shape);
    const plain = await roundTrip(lowRank({ rank: 9 }), change, shape);
    expect(some.bytes).toBeLessThan(plain.bytes);
    expect(some.error).toBeLessThan(plain.error);
  });
});

describe('options', () => {
  it('that make no sense are refused', () => {
    expect(() => lowRank({ rank: 0 })).toThrow('[peftjs/delta] rank is 0; give a whole number above 0');
    expect(() => sparse({ density: 2 })).toThrow('density is 2');
    expect(() => int8({ group: 1.5 })).toThrow('group is 1.5');
    expect(() => mixed({ segments: [{ rank: 3, bits: 9 }] })).toThrow('give a rank above 0 and 2 to 8 bits');
  });
});
