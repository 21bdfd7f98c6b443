/** A value of a JSON file. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

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

/** Where an adapter came from. Kept beside PEFT's files, where Python ignores it. */
export interface Provenance {
  /** The base model: its name, and the fingerprint of its weights (see `fingerprint`). */
  readonly base: { readonly name: string; readonly fingerprint: string };
  readonly tokenizer?: string;
  readonly data?: string;
  readonly recipe?: { readonly [key: string]: Json };
  readonly versions?: { readonly [name: string]: string };
  readonly backend?: string;
  readonly metrics?: { readonly [name: string]: number };
  readonly parents?: readonly string[];
}

/** What PEFT puts before the path of a module: its own wrapper, then the tuner's. */
export const KEY_PREFIX = 'base_model.model.';

/** The key of parameter `name` (`lora_A.weight`) of the module at `path`, as PEFT writes it on disk. */
export function siteKey(path: string, name: string): string {
  return `${KEY_PREFIX}${path}.${name}`;
}
