/**
 * Node's own modules, loaded when first used. The specifier is a variable, so that a bundler for browsers, where these
 * functions are never called, does not look for them.
 */
export type Fs = typeof import('node:fs/promises');
export type Path = typeof import('node:path');

export async function loadFs(): Promise<Fs> {
  return load('node:fs/promises');
}

export async function loadPath(): Promise<Path> {
  return load('node:path');
}

/** Null on a page. */
export async function loadCrypto(): Promise<typeof import('node:crypto') | null> {
  return globalThis.process?.versions?.node === undefined ? null : load('node:crypto');
}

/** Kept, as asking for a module again takes longer than hashing what is small. */
const loaded = new Map<string, Promise<unknown>>();

function load<T>(specifier: string): Promise<T> {
  const module = loaded.get(specifier) ?? import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
  loaded.set(specifier, module);
  return module as Promise<T>;
}

/** For `catch`: null where a file or folder does not exist, any other error again. */
export function nullIfMissing(error: unknown): null {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return null;
  throw error;
}

/** `ENOSPC` and the like; null where the error is none of the operating system's. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error && 'errno' in error && 'code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
