// What is read of the `adapter_config.json` of a prompt or prefix, with every key accounted for.
import { type Json, type Method, modulesToSave, nearest } from '@peftjs/core';

type Config = Readonly<Record<string, Json>>;

/** Keys that say nothing about what the adapter computes, or nothing that the tensors' shapes do not say. */
const SILENT = new Set(
  'auto_mapping base_model_name_or_path inference_mode num_attention_heads num_layers peft_type peft_version revision runtime_config task_type token_dim'.split(
    ' ',
  ),
);
const COMMON = ['num_virtual_tokens', 'num_transformer_submodules', 'modules_to_save'];

/** @throws when it asks for something that this package cannot do, rather than leave it out */
export function checkKeys(config: Config, own: readonly string[]): void {
  const read = [...COMMON, ...own];
  const silent = (key: string) => SILENT.has(key) || config[key] === null || config[key] === false;
  const foreign = Object.keys(config).find((key) => !read.includes(key) && !silent(key));
  if (foreign !== undefined) {
    throw new Error(
      `[peftjs/prefix-tuning] adapter_config.json asks for "${foreign}", which is not supported${nearest(foreign, read)}`,
    );
  }
  const submodules = config.num_transformer_submodules ?? 1;
  if (submodules !== 1) {
    throw new Error(
      `[peftjs/prefix-tuning] adapter_config.json has num_transformer_submodules ${JSON.stringify(submodules)}, an encoder and a decoder; only 1 is supported`,
    );
  }
}

/** @throws when the key is not there, or no number */
export function readNumber(config: Config, key: string): number {
  const value = config[key];
  if (typeof value === 'number') return value;
  throw new Error(
    `[peftjs/prefix-tuning] adapter_config.json has ${key} ${JSON.stringify(value ?? null)}; a number is needed`,
  );
}

/** One of these words, the first where there is none. @throws when it is another */
export function readWord<const T extends string>(config: Config, key: string, words: readonly T[]): T {
  const found = config[key] ?? words[0];
  const word = words.find((one) => one === found);
  if (word !== undefined) return word;
  throw new Error(
    `[peftjs/prefix-tuning] adapter_config.json has ${key} ${JSON.stringify(found)}${nearest(String(found), words)}`,
  );
}

/** The method with the modules that are trained whole beside it. */
export function withModules(config: Config, method: Method): readonly Method[] {
  const names = [...new Set((config.modules_to_save ?? []) as readonly string[])];
  return names.length > 0 ? [method, modulesToSave(names)] : [method];
}
