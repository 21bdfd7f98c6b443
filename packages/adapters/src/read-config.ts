// An `adapter_config.json` read without leaving anything out: what it asks for and a method cannot do is an error.
import { type Json, type Method, modulesToSave, nearest } from '@peftjs/core';

export type Config = Readonly<Record<string, Json>>;

/** Keys that say nothing about what an adapter computes, and the one that every method here reads in the same way. */
const COMMON =
  'auto_mapping base_model_name_or_path inference_mode modules_to_save peft_type peft_version revision runtime_config task_type'.split(
    ' ',
  );

function saysNothing(value: Json): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** @throws naming a key that asks for something and is not among `known` */
export function checkKeys(config: Config, known: readonly string[]): void {
  const foreign = Object.keys(config).find(
    (key) => !known.includes(key) && !COMMON.includes(key) && !saysNothing(config[key] as Json),
  );
  if (foreign === undefined) return;
  throw new Error(
    `[peftjs/adapters] adapter_config.json asks for "${foreign}", which is not supported${nearest(foreign, known)}`,
  );
}

/** The value of this name among some. @throws with the nearest */
export function named<T extends { readonly name: string }>(config: Config, key: string, among: readonly T[]): T {
  const name = config[key];
  const found = among.find((one) => one.name === name);
  if (found) return found;
  const names = among.map((one) => one.name);
  throw new Error(`[peftjs/adapters] adapter_config.json has ${key} ${shown(name)}${nearest(String(name), names)}`);
}

/** @throws where the key holds no number */
export function numberOf(config: Config, key: string): number {
  const value = config[key];
  if (typeof value === 'number') return value;
  throw new Error(`[peftjs/adapters] adapter_config.json has ${key} ${shown(value)}; a number is needed`);
}

/** The paths in `target_modules`, or the rule for them. @throws where there is neither */
export function targetsOf(config: Config): readonly string[] | string {
  const { target_modules: rule } = config;
  const isList = Array.isArray(rule) && rule.length > 0 && rule.every((name) => typeof name === 'string');
  if (isList || typeof rule === 'string') return rule as readonly string[] | string;
  throw new Error(`[peftjs/adapters] adapter_config.json has target_modules ${shown(rule)}; names are needed`);
}

/** Modules that were trained whole beside the method. */
export function wholeModules({ modules_to_save: names }: Config): readonly Method[] {
  return Array.isArray(names) && names.length > 0 ? [modulesToSave(names as readonly string[])] : [];
}

function shown(value: Json | undefined): string {
  return JSON.stringify(value) ?? 'missing';
}
