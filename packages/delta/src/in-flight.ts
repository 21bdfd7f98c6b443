/** What `start` gives for each item, in order, with `most` of them under way at once. */
export async function* inFlight<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  most: number,
  start: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  for await (const item of items) {
    const one = start(item);
    // It is awaited below; should another one fail before, nobody asks for it.
    one.catch(() => {});
    pending.push(one);
    if (pending.length >= most) yield await (pending.shift() as Promise<R>);
  }
  for (const one of pending) yield await one;
}
