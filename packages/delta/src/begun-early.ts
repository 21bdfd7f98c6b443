type Pieces<T> = AsyncGenerator<T, void, undefined>;

interface Begun<T> {
  readonly pieces: Pieces<T>;
  readonly first: Promise<IteratorResult<T, void>>;
}

/**
 * Streams that are read in this order, each of which begins while others before it are read: `most` are under way at once.
 *
 * @returns what gives each stream, and what ends those that have begun and are not read
 */
export function begunEarly<T>(
  streams: readonly (() => Pieces<T>)[],
  most: number,
): { readonly all: readonly (() => Pieces<T>)[]; readonly end: () => Promise<void> } {
  const begun: Begun<T>[] = [];
  function begin(count: number): void {
    for (const start of streams.slice(begun.length, count)) {
      const pieces = start();
      const first = pieces.next();
      // It is awaited when its turn comes; if that does not come, nobody asks for it.
      first.catch(() => {});
      begun.push({ pieces, first });
    }
  }
  const all = streams.map(
    (_, i) =>
      async function* () {
        begin(i + most);
        const { pieces, first } = begun[i] as Begun<T>;
        for (let step = await first; !step.done; step = await pieces.next()) yield step.value;
      },
  );
  const end = async () => {
    await Promise.allSettled(begun.map(({ pieces }) => pieces.return()));
  };
  return { all, end };
}
