// The base's tensors as its file has them: read there again, or, of a model without a file, taken from what it holds.
import { engine } from '@peftjs/backend';
import type { BaseFile, BaseModel, Host, StoredTensor } from '@peftjs/core';
import type { ModelTensors, TensorBytes } from '@peftjs/delta';
import type { Dtype, SafetensorsFile } from '@peftjs/safetensors';
import { transpose } from '@tensorflow/tfjs-core';

export function baseTensors(host: Host, { name, file }: BaseModel): ModelTensors {
  return {
    name,
    async open(tensor) {
      if (file) {
        const place = file.tensors.get(tensor);
        return place ? { dtype: place.dtype as Dtype, shape: place.shape, ...inMemory(await file.read(tensor)) } : null;
      }
      const one = host.stored?.().find((stored) => stored.name === tensor);
      return one ? { dtype: 'F32', shape: one.shape, ...inMemory(await bytesOf(one)) } : null;
    },
  };
}

/** What the tuned model is read from, for a delta that goes on top of it; null where its base is read from the host itself. */
export function fileOver({ file }: BaseModel, tuned: SafetensorsFile): BaseFile | null {
  if (!file) return null;
  const taken = [...tuned.tensors].filter(([name]) => file.tensors.has(name));
  return { tensors: new Map(taken), read: (name) => tuned.read(name), nameOf: (stored) => file.nameOf(stored) };
}

function inMemory(bytes: Uint8Array): TensorBytes {
  return { bytes: bytes.length, read: async (begin, end) => bytes.subarray(begin, end) };
}

async function bytesOf({ held, transposed }: StoredTensor): Promise<Uint8Array> {
  const out = engine().tidy(() =>
    'encode' in held ? (transposed ? transpose(held.read()) : held.read()) : held.clone(),
  );
  const values = await out.data();
  out.dispose();
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
