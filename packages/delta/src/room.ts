// Memory that is lent. A large array that nobody reads any more stays until the collector comes by, who counts objects, and of
// these there are few.

/** Gives so many bytes of memory, the same again and again. */
export type Room = (bytes: number) => Uint8Array;

export interface Lent {
  readonly room: Room;
  /** Nobody reads what was in it any more. */
  giveBack(): void;
}

/** Kept for the next one: so many arrays, each of so many bytes at most. */
const [MOST, LARGEST] = [16, 2 ** 21];
const NOTHING = new Uint8Array(0);
const idle: Uint8Array[] = [];

export function lend(): Lent {
  let memory: Uint8Array = NOTHING;
  const giveBack = () => {
    if (memory.length > 0 && memory.length <= LARGEST && idle.length < MOST) idle.push(memory);
    memory = NOTHING;
  };
  const room = (bytes: number) => {
    if (memory.length < bytes) {
      giveBack();
      memory = takeIdle(bytes) ?? new Uint8Array(bytes);
    }
    return memory.subarray(0, bytes);
  };
  return { room, giveBack };
}

/** The smallest that has so many bytes. */
function takeIdle(bytes: number): Uint8Array | undefined {
  let best = -1;
  for (const [k, { length }] of idle.entries())
    if (length >= bytes && (best < 0 || length < (idle[best] as Uint8Array).length)) best = k;
  return best < 0 ? undefined : idle.splice(best, 1)[0];
}

/** Lends memory until what is done with it is through. */
export async function withRoom<T>(use: (room: Room) => Promise<T>): Promise<T> {
  const { room, giveBack } = lend();
  try {
    return await use(room);
  } finally {
    giveBack();
  }
}
