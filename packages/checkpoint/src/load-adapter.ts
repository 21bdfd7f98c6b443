/** Reads a PEFT folder, ours or Python's. Which keys it should have is for whoever attaches it to say. */
import { assertFinite, type ByteSource, memorySource, nearest, openSafetensors } from '@peftjs/safetensors';
import { CONFIG_FILE, WEIGHTS_FILE } from './adapter-files.ts';
import type { AdapterRecord, SavedTensor } from './adapter-record.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { diskFolder } from './disk-folder.ts';
import type { Folder } from './folder.ts';
import { readJsonObject } from './json-file.ts';
import { checkDigest, readProvenance } from './provenance-file.ts';
import { signedFolder, type TrustOptions } from './signed-folder.ts';
import { whatElse } from './what-else.ts';

/**
 * Loads an adapter from `source`, a path or a folder. Values of F16, BF16 and F64 come as float32.
 *
 * @throws CheckpointError where a file is missing, is not what it should be, or has changed since it was saved
 *   or signed, and where a trusted key is demanded that has not signed it.
 * @throws SafetensorsError where the weights are truncated, contradict themselves, or hold NaN or infinity.
 * @example
 * const record = await loadAdapter('out/notes');
 */
export async function loadAdapter(source: string | Folder, trust: TrustOptions = {}): Promise<AdapterRecord> {
  const folder = await signedFolder(typeof source === 'string' ? diskFolder(source) : source, trust, 'whole');
  const configBytes = await readWhole(await openRequired(folder, CONFIG_FILE));
  const config = await readJsonObject(configBytes);
  if (typeof config.peft_type !== 'string' || config.peft_type === '') {
    throw new CheckpointError(`${configBytes.name} has no peft_type`);
  }
  const weightsBytes = await readWhole(await openRequired(folder, WEIGHTS_FILE));
  const weights = await openSafetensors(weightsBytes);
  const provenance = await readProvenance(folder);
  if (provenance) {
    await checkDigest(provenance, CONFIG_FILE, await configBytes.read(0, configBytes.size), configBytes.name);
    await checkDigest(provenance, WEIGHTS_FILE, await weightsBytes.read(0, weightsBytes.size), weightsBytes.name);
  }
  const tensors: SavedTensor[] = [];
  for (const [key, { shape }] of weights.tensors) {
    const data = await weights.readFloat32(key);
    assertFinite(data, weights.name, key);
    tensors.push({ key, shape, data });
  }
  return { config, tensors, provenance: provenance?.provenance ?? null };
}

async function openRequired(folder: Folder, name: string): Promise<ByteSource> {
  const source = await folder.open(name);
  if (source) return source;
  const files = await folder.list();
  const fault = `${folder.location} has no ${name}`;
  const instead = name === CONFIG_FILE ? whatElse(files) : '';
  if (instead !== '') throw new CheckpointError(`${fault}${instead}`);
  if (name === WEIGHTS_FILE && files.includes('adapter_model.bin')) {
    const advice = 'save it again from Python with safe_serialization=True';
    throw new CheckpointError(`${fault}; adapter_model.bin is a pickle, which is not read: ${advice}`);
  }
  const near = nearest(name, files);
  throw new CheckpointError(near === null ? fault : `${fault}; nearest: ${JSON.stringify(near)}`);
}

async function readWhole(source: ByteSource): Promise<ByteSource> {
  return memorySource(source.name, await source.read(0, source.size));
}
