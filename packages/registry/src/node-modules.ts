// Node's own modules, loaded when they are first used; the specifier is a variable, so that a bundler for browsers, where
// a registry is only read, does not look for them.
export function loadFs(): Promise<typeof import('node:fs/promises')> {
  return load('node:fs/promises');
}

export function loadOs(): Promise<typeof import('node:os')> {
  return load('node:os');
}

export function loadPath(): Promise<typeof import('node:path')> {
  return load('node:path');
}

function load<T>(specifier: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
}

export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
