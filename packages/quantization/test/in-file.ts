// A weight as a storage sees it in a file that has its codes.
import type { FileMatrix, Weight } from '@peftjs/core';

/**
 * Null where files have no such codes.
 *
 * @param changed bytes in place of the weight's own, by the tensor's name in the module
 */
export async function inFile(
  weight: Weight,
  changed: Readonly<Record<string, Uint8Array>> = {},
): Promise<FileMatrix | null> {
  const codes = await weight.fileCodes?.();
  if (!codes) return null;
  const { outDim, inDim } = weight;
  const read = async (name: string): Promise<Uint8Array | null> => {
    const data = changed[name] ?? (await codes.tensors[name]?.data());
    return data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : null;
  };
  return {
    ...{ name: 'layer.weight', outDim, inDim, dtype: codes.tensors.weight?.dtype as string },
    bytes: async () => (await read('weight')) as Uint8Array,
    rows: async () => new Float32Array(),
    companion: read,
  };
}
