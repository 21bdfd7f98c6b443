// What is added by adding a file: the modules of a folder, by their files' names.
import { readdirSync } from 'node:fs';

/** What each module of a folder exports as `key`. Those that export no such thing are passed over. */
export async function modulesIn<T>(folder: URL, key: string): Promise<readonly (readonly [name: string, T])[]> {
  const files = readdirSync(folder).filter((file) => /^[\w-]+\.[jt]s$/.test(file));
  const modules = files.map(async (file) => {
    const { [key]: exported } = (await import(new URL(file, folder).href)) as { readonly [key: string]: T | undefined };
    return exported ? [[file.replace(/\.[jt]s$/, ''), exported] as const] : [];
  });
  return (await Promise.all(modules)).flat();
}
