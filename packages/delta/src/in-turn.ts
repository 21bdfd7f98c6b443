// A model whose tensors are used one after the other: the next one is read meanwhile, and all into the same memory.
import type { TensorBytes } from './codec.ts';
import type { ModelSource } from './model-source.ts';
import { lend, type Room } from './room.ts';
import { memoryBytes, PIECE } from './tensor-bytes.ts';

type Held = NonNullable<Awaited<ReturnType<ModelSource['open']>>>;

/** The same model. A tensor's bytes may be gone once another is opened; one that has no more than a piece is read but once. */
export function inTurn(source: ModelSource): ModelSource {
  const names = [...source.weights.tensors.keys()];
  const following = new Map(names.map((name, i) => [name, names[i + 1]]));
  const rooms = [lend().room, lend().room] as const;
  let turn = 0;
  let ahead: { readonly name: string; readonly opened: Promise<Held | null> } | null = null;
  const start = (name: string) => {
    turn = 1 - turn;
    const opened = openHeld(source, name, rooms[turn] as Room);
    // It is awaited where the tensor is opened; if none asks for it, none hears of it.
    opened.catch(() => {});
    return { name, opened };
  };
  return {
    ...source,
    async open(section, name) {
      if (section === 'files') return source.open(section, name);
      const [now, unasked] = ahead?.name === name ? [ahead, null] : [start(name), ahead];
      await unasked?.opened.catch(() => {});
      const opened = await now.opened;
      const next = following.get(name);
      ahead = next === undefined ? null : start(next);
      return opened;
    },
  };
}

async function openHeld(source: ModelSource, name: string, room: Room): Promise<Held | null> {
  const tensor = await source.open('tensors', name);
  return tensor && { ...tensor, ...(await held(tensor, room)) };
}

async function held({ bytes, read }: TensorBytes, room: Room): Promise<TensorBytes> {
  if (bytes <= PIECE) return memoryBytes(await read(0, bytes, room(bytes)));
  // What is read in small ranges, one after the other, is read in larger ones.
  let from = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    bytes,
    async read(begin, end) {
      if (begin < from || end > from + window.length) {
        const last = Math.min(bytes, Math.max(end, begin + PIECE));
        window = await read(begin, last, room(last - begin));
        from = begin;
      }
      return window.subarray(begin - from, end - from);
    },
  };
}
