import type { Json } from './json-file.ts';
import type { Provenance } from './provenance.ts';

/** One saved tensor of an adapter. */
export interface SavedTensor {
  /** The tensor's name in the file, as PEFT writes it: `base_model.model.` + module path + `.lora_A.weight`; see `siteKey`. */
  readonly key: string;
  readonly shape: readonly number[];
  /** Row-major float32. */
  readonly data: Float32Array;
}

/** What an adapter folder holds, in memory. */
export interface AdapterRecord {
  /** `adapter_config.json`, PEFT's keys and values. */
  readonly config: { readonly [key: string]: Json };
  readonly tensors: readonly SavedTensor[];
  /** Where the adapter came from; null where the folder says nothing. */
  readonly provenance: Provenance | null;
}

/** What PEFT puts before the path of a module: its own wrapper, then the tuner's. */
export const KEY_PREFIX = 'base_model.model.';

/** The key of parameter `name` (`lora_A.weight`) of the module at `path`, as PEFT writes it on disk. */
export function siteKey(path: string, name: string): string {
  return `${KEY_PREFIX}${path}.${name}`;
}
