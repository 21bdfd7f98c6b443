/**
 * Node's own modules, loaded when first used. The specifier is a variable, so that a bundler for browsers, where these
 * functions are never called, does not look for them.
 */
export function loadFs(): Promise<typeof import('node:fs/promises')> {
  return load('node:fs/promises');
}

export function loadPath(): Promise<typeof import('node:path')> {
  return load('node:path');
}

/** Fails for a path in a runtime without files. */
export function needFileSystem(path: string): void {
  if (typeof process === 'object' && typeof process?.versions?.node === 'string') return;
  throw new Error(
    `[peftjs/data] "${path}" is a path, and this runtime has no file system: pass a File, a Blob or { name, text }`,
  );
}

function load<T>(specifier: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
}
