// Values of a `config.json`: what is missing or of another kind is an error that names the key.
import { nearest } from '@peftjs/core';

export type RawConfig = Readonly<Record<string, unknown>>;

/** @throws where it is no number, or missing without a `fallback` */
export function readNumber(raw: RawConfig, key: string, fallback?: number): number {
  const value = raw[key] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Error(
    `[peftjs/models] config.json: "${key}" is ${JSON.stringify(value)}; a number is needed${raw[key] === undefined ? nearest(key, Object.keys(raw)) : ''}`,
  );
}

/** @throws where it is no whole number above 0 */
export function readWhole(raw: RawConfig, key: string, fallback?: number): number {
  const value = readNumber(raw, key, fallback);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`[peftjs/models] config.json: "${key}" is ${value}; a whole number above 0 is needed`);
}
