// What the recipes printed when they were recorded: docs/generated/<name>.json, as recipes/*.mjs write them.
import { existsSync, readFileSync } from 'node:fs';

interface RecipeRecord {
  readonly name: string;
  readonly about: {
    readonly date: string;
    readonly node: string;
    readonly processor: string;
    readonly cores: number;
    readonly backend: string;
  };
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly text: string;
}

declare const data: readonly RecipeRecord[];

export { data };

const files = ['delta', 'smollm2', 'spam', 'vision'].map(
  (name) => new URL(`./generated/${name}.json`, import.meta.url),
);

export default {
  watch: ['./generated/{delta,smollm2,spam,vision}.json'],
  load: (): readonly RecipeRecord[] =>
    files.filter((file) => existsSync(file)).map((file) => JSON.parse(readFileSync(file, 'utf8')) as RecipeRecord),
};
