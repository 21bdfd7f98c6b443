// Which registry a command works with.
import { type Option, text } from '../option.ts';
import { UsageError } from '../usage-error.ts';

export interface RegistryValues {
  readonly registry: string | undefined;
}

export const registryOption: { readonly [K in keyof RegistryValues]: Option<RegistryValues[K]> } = {
  registry: text('PLACE', "a registry's folder, or its URL; PEFTJS_REGISTRY when left out"),
};

/** Undefined where none is named. */
export function namedRegistry({ registry }: RegistryValues): string | undefined {
  return registry ?? (process.env.PEFTJS_REGISTRY || undefined);
}

export function registryOf(values: RegistryValues): string {
  const named = namedRegistry(values);
  if (named !== undefined) return named;
  throw new UsageError('--registry PLACE is missing: a folder or a URL; or set PEFTJS_REGISTRY');
}
