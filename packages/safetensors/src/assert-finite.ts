import { SafetensorsError } from './safetensors-error.ts';

/** Numbers summed by a call: many short calls are compiled sooner than one long loop. */
const BLOCK = 4096;

/** Index of the first NaN or infinity; -1 where there is none. */
export function findNonFinite(values: Float32Array): number {
  const { length } = values;
  for (let at = 0; at < length; at += BLOCK) {
    if (timesZero(values, at, Math.min(at + BLOCK, length)) === 0) continue;
    return at + values.subarray(at).findIndex((value) => !Number.isFinite(value));
  }
  return -1;
}

/** The sum of numbers times 0, which is NaN where one is not finite: half the time of a comparison for each. */
function timesZero(values: Float32Array, begin: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = begin;
  for (; i + 3 < end; i += 4) {
    a += values[i]! * 0;
    b += values[i + 1]! * 0;
    c += values[i + 2]! * 0;
    d += values[i + 3]! * 0;
  }
  for (; i < end; i++) a += values[i]! * 0;
  return a + b + c + d;
}

/**
 * Throws, naming file, tensor and place, where `values` hold NaN or infinity.
 *
 * @param part where they are a part of the tensor: its first element, and how many the tensor has
 */
export function assertFinite(
  values: Float32Array,
  file: string,
  tensor: string,
  part: { readonly first: number; readonly of: number } = { first: 0, of: values.length },
): void {
  const at = findNonFinite(values);
  if (at < 0) return;
  throw new SafetensorsError(file, `holds ${values[at]} at element ${part.first + at} of ${part.of}`, { tensor });
}
