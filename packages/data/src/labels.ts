/** The classes of labeled examples: their names in the order of their numbers. */
import type { LabeledExample } from './labeled-example.ts';
import { nearest } from './nearest.ts';
import { quoted } from './record-fields.ts';

/**
 * The names of all classes that occur, each once: by size where all are whole numbers, else in the order of their
 * characters' codes. The same examples in another order give the same names.
 */
export function labelNames(examples: Iterable<{ readonly label: string | number }>): readonly string[] {
  const names = [...new Set(Array.from(examples, ({ label }) => String(label)))];
  const numbers = names.every((name) => /^\d+$/.test(name));
  return names.sort((a, b) => (numbers ? Number(a) - Number(b) : a < b ? -1 : 1));
}

/** The number of an example's class. A label that is no name but a whole number is the number itself. */
export function labelIndex({ label, origin = 'an example' }: LabeledExample, names: readonly string[]): number {
  const name = String(label);
  const index = names.indexOf(name);
  if (index >= 0) return index;
  if (/^\d+$/.test(name) && Number(name) < names.length) return Number(name);
  const near = nearest(name, names);
  throw new Error(
    `[peftjs/data] ${origin} has the unknown label "${name}"; ${near === null ? `known are ${quoted(names)}` : `nearest: "${near}"`}`,
  );
}

/** Fails where there are fewer than two names, or one comes twice. */
export function checkLabelNames(names: readonly string[]): void {
  if (names.length < 2) {
    throw new Error(
      `[peftjs/data] there ${names.length === 1 ? `is one label, "${names[0]}"` : 'are no labels'}: to classify takes two or more`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`[peftjs/data] the label "${twice}" is given twice: name each class once`);
}
