// A value computed when first asked for.

/** For gradients of several inputs that a kernel computes together. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
