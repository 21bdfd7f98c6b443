// A GGUF file's tensors as Hugging Face has them: other names, and the rows of q and k in their order before llama.cpp's.
import type { GgufFile } from '@peftjs/gguf';
import type { TensorFile, TensorPlace } from '@peftjs/safetensors';
import type { RawConfig } from '../read-config.ts';
import type { GgufLayout } from './gguf-layout.ts';

interface Renamed extends TensorPlace {
  readonly inFile: string;
  /** Rows of a head, if their halves alternate; null where rows have kept their order. */
  readonly headRows: number | null;
}

export function hubTensors(file: GgufFile, layout: GgufLayout, config: RawConfig): TensorFile {
  const tensors = new Map<string, Renamed>();
  for (const [inFile, place] of file.tensors) {
    const heads = layout.alternating(inFile, config);
    const rows = place.shape[0] as number;
    if (heads !== null && rows % (2 * heads) !== 0) {
      throw new Error(
        `[peftjs/models] ${file.name}: "${inFile}" has ${rows} rows, which are not those of ${heads} heads`,
      );
    }
    const name = layout.tensorName(inFile);
    if (name !== null) tensors.set(name, { ...place, inFile, headRows: heads === null ? null : rows / heads });
  }
  const find = (name: string): Renamed => {
    const found = tensors.get(name);
    if (found !== undefined) return found;
    throw new Error(`[peftjs/models] ${file.name} has no tensor "${name}"`);
  };
  return {
    name: file.name,
    tensors,
    async read(name) {
      const { inFile, headRows, shape } = find(name);
      const bytes = await file.read(inFile);
      return headRows === null ? bytes : halvesApart(bytes, bytes.length / (shape[0] as number), headRows);
    },
    async readFloat32(name, from = 0, to) {
      const { inFile, headRows, shape } = find(name);
      if (headRows === null) return file.readFloat32(inFile, from, to);
      const width = shape.slice(1).reduce((n, d) => n * d, 1);
      const [head, end] = [headRows * width, to ?? (shape[0] as number) * width];
      const first = Math.floor(from / head) * head;
      const values = await file.readFloat32(inFile, first, Math.ceil(end / head) * head);
      return halvesApart(values, width, headRows).slice(from - first, end - first);
    },
  };
}

/** Rows 0, 2, 4, … of each head, then its rows 1, 3, 5, …; whatever a row is made of. */
function halvesApart<A extends Uint8Array | Float32Array>(rows: A, width: number, headRows: number): A {
  const out = rows.slice() as A;
  const half = headRows / 2;
  for (let row = 0; row * width < rows.length; row++) {
    const within = row % headRows;
    const from = row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
    out.set(rows.subarray(from * width, (from + 1) * width), row * width);
  }
  return out;
}
