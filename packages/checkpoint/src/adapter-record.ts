/** A value of a JSON file. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One saved tensor of an adapter. `site` is the module's path in the model, null for a tensor of the whole model. */
export interface SavedTensor {
  readonly site: string | null;
  /** The name below the module as PEFT writes it: `lora_A.weight`. For `site: null` the whole key: `prompt_embeddings`. */
  readonly name: string;
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
