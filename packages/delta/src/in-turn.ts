// A model of whose tensors a few are used at once, each read into memory that another was read into before.
import type { TensorBytes } from './codec.ts';
import type { ModelSource } from './model-source.ts';
import { memoryBytes, PIECE, reused } from './tensor-bytes.ts';

/** Tensors that are used at once: while one is worked on the next is read, and while what is left of it is waited for a third is. */
export const AT_ONCE = 3;

type Held = NonNullable<Awaited<ReturnType<ModelSource['open']>>>;

/** The same model. A tensor's bytes may be gone once so many others were opened, in the order in which they are needed; one that has no more than a piece is read but once. */
export function inTurn(source: ModelSource): ModelSource {
  const memories = Array.from({ length: AT_ONCE }, reused);
  let turn = 0;
  return {
    ...source,
    async open(section, name) {
      if (section === 'files') return source.open(section, name);
      turn = (turn + 1) % AT_ONCE;
      return openHeld(source, name, memories[turn] as Memory);
    },
  };
}

type Memory = ReturnType<typeof reused>;

async function openHeld(source: ModelSource, name: string, memory: Memory): Promise<Held | null> {
  const tensor = await source.open('tensors', name);
  return tensor && { ...tensor, ...(await held(tensor, memory)) };
}

async function held({ bytes, read }: TensorBytes, memory: Memory): Promise<TensorBytes> {
  if (bytes <= PIECE) return memoryBytes(await read(0, bytes, memory(bytes)));
  // What is read in small ranges, one after the other, is read in larger ones.
  let from = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    bytes,
    async read(begin, end) {
      if (begin < from || end > from + window.length) {
        const last = Math.min(bytes, Math.max(end, begin + PIECE));
        window = await read(begin, last, memory(last - begin));
        from = begin;
      }
      return window.subarray(begin - from, end - from);
    },
  };
}
