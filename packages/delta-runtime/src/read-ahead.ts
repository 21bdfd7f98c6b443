/** What is read of each, in their order: the next is being read while what was read of one is made use of. */
export async function* readAhead<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<R>,
): AsyncGenerator<readonly [T, R], void, undefined> {
  let begun: Promise<R> | null = null;
  try {
    for (const [i, item] of items.entries()) {
      const found: R = await (begun ?? read(item));
      begun = i + 1 < items.length ? read(items[i + 1] as T) : null;
      // It is awaited when its turn comes; if that does not come, nobody asks for it.
      begun?.catch(() => {});
      yield [item, found];
    }
  } finally {
    await begun?.catch(() => {});
  }
}
