import { SafetensorsError } from './safetensors-error.ts';

/** Index of the first NaN or infinity; -1 where there is none. */
export function findNonFinite(values: Float32Array): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & 0x7f800000) === 0x7f800000) return i;
  return -1;
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
