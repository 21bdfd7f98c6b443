// An `adapter_config.json` read without leaving anything out: what it asks for and a method cannot do is an error.
import type { Json, Method } from './method.ts';
import { modulesToSave } from './modules-to-save.ts';
import { nearest } from './nearest.ts';
import type { Targets } from './targets.ts';

export type Config = Readonly<Record<string, Json>>;

/** Reads the values of a configuration, each with an error that names the key. */
export interface ConfigReader {
  /** @throws where there is no number, and nothing to stand for it */
  number(key: string, otherwise?: number): number;
  /** @throws where it is neither true nor false */
  flag(key: string, otherwise: boolean): boolean;
  /** One of these words, the first where there is none. @throws when it is another */
  word<const T extends string>(key: string, words: readonly T[]): T;
  /** The value of this name. @throws where there is no name, or that of none of them */
  named<T extends { readonly name: string }>(key: string, among: readonly T[]): T;
  /** `target_modules` and its companions. @throws where there are none */
  targets(): Targets;
  /** Modules that were trained whole beside the method, each once: PEFT writes some twice. */
  whole(): readonly Method[];
}

/** Keys that say nothing about what an adapter computes, and the one that every method reads in the same way. */
const COMMON = new Set(
  'auto_mapping base_model_name_or_path inference_mode library_name modules_to_save peft_type peft_version revision runtime_config task_type'.split(
    ' ',
  ),
);

const TARGETS = ['target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern'];

function saysNothing(value: Json): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}

/**
 * @param owner the package that reads, for its errors
 * @param keys what it reads beside targets and `modules_to_save`
 * @param targetKeys which of `target_modules` and its companions it reads; all when left out
 * @throws naming a key that asks for something and is not among them
 */
export function configReader(
  owner: string,
  config: Config,
  keys: readonly string[],
  targetKeys: readonly string[] = TARGETS,
): ConfigReader {
  const fail = (why: string): never => {
    throw new Error(`[peftjs/${owner}] adapter_config.json ${why}`);
  };
  const known = [...keys, ...targetKeys];
  const foreign = Object.keys(config).find(
    (key) => !known.includes(key) && !COMMON.has(key) && !saysNothing(config[key] as Json),
  );
  if (foreign !== undefined) fail(`asks for "${foreign}", which is not supported${nearest(foreign, known)}`);
  const shown = (key: string) =>
    config[key] === undefined ? `has no ${key}` : `has ${key} ${JSON.stringify(config[key])}`;
  return {
    number(key, otherwise) {
      const value = config[key] ?? otherwise;
      return typeof value === 'number' ? value : fail(`${shown(key)}; a number is needed`);
    },
    flag(key, otherwise) {
      const value = config[key] ?? otherwise;
      return typeof value === 'boolean' ? value : fail(`${shown(key)}; true or false is needed`);
    },
    word(key, words) {
      const value = config[key] ?? words[0];
      return words.find((word) => word === value) ?? fail(`${shown(key)}${nearest(String(value), words)}`);
    },
    named(key, among) {
      const value = config[key];
      const names = among.map(({ name }) => name);
      return among.find(({ name }) => name === value) ?? fail(`${shown(key)}${nearest(String(value ?? ''), names)}`);
    },
    targets() {
      const { target_modules: modules, exclude_modules: exclude, layers_to_transform: layers, layers_pattern } = config;
      const isList = Array.isArray(modules) && modules.length > 0 && modules.every((name) => typeof name === 'string');
      if (!isList && typeof modules !== 'string') fail(`${shown('target_modules')}; names are needed`);
      return {
        modules: modules as Targets['modules'],
        exclude: (exclude ?? undefined) as Targets['exclude'],
        layers: layers == null ? undefined : ([layers].flat() as readonly number[]),
        layersPattern: (layers_pattern ?? undefined) as Targets['layersPattern'],
      };
    },
    whole() {
      const { modules_to_save: names } = config;
      return Array.isArray(names) && names.length > 0 ? [modulesToSave([...new Set(names as readonly string[])])] : [];
    },
  };
}
