import { expect, it } from 'vitest';
import { createClassBatches } from './class-batches.ts';
import { epochOf } from './draw-batches.ts';
import { createImageBatches } from './image-batches.ts';

const sequences = Array.from({ length: 7 }, (_, i) => ({
  ids: Int32Array.from({ length: 1 + (i % 3) }, (_, k) => i * 10 + k),
  label: i % 2,
}));
const images = Array.from({ length: 7 }, (_, i) => ({ pixels: Float32Array.of(i, i + 0.25, i + 0.5, 0), label: i }));

it('pads sequences on the right and gives each its label', () => {
  const options = { batchSize: 3, padId: 9, shuffle: false };
  expect(createClassBatches(sequences, options).get(0, 0)).toEqual({
    inputIds: Int32Array.of(0, 9, 9, 10, 11, 9, 20, 21, 22),
    attentionMask: Int32Array.of(1, 0, 0, 1, 1, 0, 1, 1, 1),
    labels: Int32Array.of(0, 1, 0),
    shape: [3, 3],
  });
  expect(createClassBatches(sequences, { ...options, padTo: 4 }).get(0, 2)).toEqual({
    inputIds: Int32Array.of(60, 9, 9, 9),
    attentionMask: Int32Array.of(1, 0, 0, 0),
    labels: Int32Array.of(0),
    shape: [1, 4],
  });
});

it('puts images side by side and gives each its label', () => {
  const batches = createImageBatches(images, { batchSize: 5, size: [2, 1, 2], shuffle: false });
  expect(batches.get(0, 1)).toEqual({
    pixels: Float32Array.of(5, 5.25, 5.5, 0, 6, 6.25, 6.5, 0),
    labels: Int32Array.of(5, 6),
    shape: [2, 2, 1, 2],
  });
});

it('keeps labels with what they label in every order, and gives each batch again', () => {
  const tokens = createClassBatches(sequences, { batchSize: 2, padId: 0, seed: 5 });
  for (const epoch of [0, 1, 4]) {
    const rows = [...epochOf(tokens, epoch)].flatMap(({ inputIds, labels, shape: [b, t] }) =>
      Array.from({ length: b }, (_, row) => [Math.floor(inputIds[row * t]! / 10), labels[row]!]),
    );
    expect(rows.toSorted((x, y) => x[0]! - y[0]!)).toEqual(sequences.map(({ label }, i) => [i, label]));
  }
  const pictures = createImageBatches(images, { batchSize: 2, size: [2, 2, 1], seed: 5 });
  const orders = [0, 1].map((epoch) => [...epochOf(pictures, epoch)].flatMap(({ labels }) => [...labels]));
  expect(orders[0]).not.toEqual(orders[1]);
  for (const { pixels, labels } of epochOf(pictures, 1)) {
    expect([...labels].map((_, row) => pixels[row * 4])).toEqual([...labels]);
  }
  expect(pictures.get(1, 3)).toEqual([...epochOf(pictures, 1)][3]);
});

it('refuses what makes no batch', () => {
  const options = { batchSize: 2, padId: 0 };
  expect(() => createClassBatches([], options)).toThrow(/no sequences/);
  expect(() => createClassBatches(sequences, { ...options, padTo: 2 })).toThrow(/padTo is 2, .* has 3 tokens/);
  expect(() => createClassBatches(sequences, { ...options, batchSize: 1.5 })).toThrow(/batchSize is 1\.5/);
  const size = [2, 1, 2] as const;
  expect(() => createImageBatches([], { batchSize: 2, size })).toThrow(/no images/);
  expect(() => createImageBatches(images, { batchSize: 2, size: [2, 2, 3] })).toThrow(
    /image 0 has 4 numbers, and one of \[2, 2, 3\] has 12/,
  );
  const wrong = [...images, { ...images[0]!, label: -1 }];
  expect(() => createImageBatches(wrong, { batchSize: 2, size })).toThrow(/image 7 has the label -1/);
});
