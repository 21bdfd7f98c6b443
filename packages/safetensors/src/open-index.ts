/** A model whose tensors are spread over several files, `model-00001-of-00003.safetensors`, as one. */
import type { ByteSource } from './byte-source.ts';
import { nearest } from './nearest.ts';
import { openSafetensors, safetensorsView } from './open-safetensors.ts';
import { checkTensorName } from './parse-header.ts';
import { quote, SafetensorsError } from './safetensors-error.ts';
import type { SafetensorsFile, TensorEntry } from './safetensors-file.ts';
import { isJsonObject, parseStrictJson } from './strict-json.ts';

/** Opens the file of that name beside the index, or gives null where there is none. */
export type OpenShard = (name: string) => Promise<ByteSource | null>;

/**
 * Opens the shards that `model.safetensors.index.json` names.
 *
 * @throws SafetensorsError where a shard is missing or broken, or does not hold a tensor that the index says it holds.
 */
export async function openIndex(index: ByteSource, openShard: OpenShard): Promise<SafetensorsFile> {
  const file = index.name;
  const text = await index.read(0, index.size);
  const json = parseStrictJson(text, (message, cause) => new SafetensorsError(file, `index ${message}`, { cause }));
  const weightMap = isJsonObject(json) ? json.weight_map : undefined;
  if (!isJsonObject(json) || !isJsonObject(weightMap)) throw new SafetensorsError(file, 'index has no weight_map');
  const shardOf = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(weightMap)) {
    checkTensorName(tensor, file);
    if (typeof shard !== 'string' || !isPlainFileName(shard)) {
      throw new SafetensorsError(file, `is in ${quote(String(shard))}, which is no file's name`, { tensor });
    }
    shardOf.set(tensor, shard);
  }

  const shards = new Map<string, Shard>();
  await Promise.all(
    [...new Set(shardOf.values())].map(async (name) => {
      const source = await openShard(name);
      if (!source) throw new SafetensorsError(file, `shard ${quote(name)} is missing`);
      shards.set(name, { source, file: await openSafetensors(source) });
    }),
  );

  const tensors = new Map<string, TensorEntry>();
  const sources = new Map<TensorEntry, ByteSource>();
  for (const [tensor, shardName] of shardOf) {
    const shard = shards.get(shardName)!;
    const entry = shard.file.tensors.get(tensor);
    if (!entry) {
      const near = nearest(tensor, shard.file.tensors.keys());
      const hint = near === null ? '' : `; nearest: ${quote(near)}`;
      throw new SafetensorsError(file, `is not in its shard ${quote(shardName)}${hint}`, { tensor });
    }
    tensors.set(tensor, entry);
    sources.set(entry, shard.source);
  }
  return safetensorsView(file, indexMetadata(json.metadata), tensors, (entry) => sources.get(entry)!);
}

interface Shard {
  readonly source: ByteSource;
  readonly file: SafetensorsFile;
}

function isPlainFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[\\/\p{Cc}]/u.test(name);
}

/** The index's metadata are free-form (`total_size` is a number): those that are not strings become JSON. */
function indexMetadata(value: unknown): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) return new Map();
  return new Map(Object.entries(value).map(([k, v]) => [k, typeof v === 'string' ? v : JSON.stringify(v)]));
}
