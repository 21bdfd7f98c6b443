// A source in which a tensor may have another name: with or without its class's prefix, or as older files call it.
import type { Source } from './source.ts';

/** @param others the names to look for in turn where the file does not have the one that is asked for */
export function aliasedSource(source: Source, others: (name: string) => readonly string[]): Source {
  const find = (name: string) => [name, ...others(name)].find((one) => source.has(one)) ?? name;
  return {
    has: (name) => source.has(find(name)),
    matrix: (name, ...rest) => source.matrix(find(name), ...rest),
    vector: (name, ...rest) => source.vector(find(name), ...rest),
  };
}

/** A name without what the class puts before its body's, which files of the body alone do not have. */
export function withoutPrefix(prefix: string): (name: string) => readonly string[] {
  return (name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []);
}
