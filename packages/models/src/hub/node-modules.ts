/**
 * Node's own modules, loaded when first used. The specifier is a variable, so that a bundler for browsers, where these
 * functions are never called, does not look for them.
 */
export type Fs = typeof import('node:fs/promises');
export type Path = typeof import('node:path');
export type Os = typeof import('node:os');
export type Crypto = typeof import('node:crypto');

export function loadFs(): Promise<Fs> {
  return load('node:fs/promises');
}

export function loadPath(): Promise<Path> {
  return load('node:path');
}

export function loadOs(): Promise<Os> {
  return load('node:os');
}

export function loadCrypto(): Promise<Crypto> {
  return load('node:crypto');
}

/** True where these modules are. */
export function isNode(): boolean {
  return typeof process === 'object' && typeof process?.versions?.node === 'string';
}

function load<T>(specifier: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
}
