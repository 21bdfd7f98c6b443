// The loops over numbers in assembly/, and the memory that they work in. Who calls them has both until it returns, and waits for
// nothing in between.
import { binary } from './kernels.gen.ts';

/** What assembly/index.ts exports, and says what it is. Addresses and counts are numbers. */
interface Loops {
  octaves(wide: boolean, words: number, count: number, below: number, mantissa: number, floor: number): void;
  contexts(level: number, count: number): void;
  changes(wide: boolean, from: number, to: number, count: number, below: number, values: number): number;
  move(wide: boolean, words: number, count: number, below: number, sign: number): void;
  count(wide: boolean, values: number, count: number, slots: number): void;
  encode(
    wide: boolean,
    values: number,
    slots: number,
    count: number,
    words: number,
    bits: number,
    spare: number,
  ): number;
  start(words: number, bits: number, end: number): void;
  decode(wide: boolean, count: number): number;
  isDecoded(): number;
}

const CONSTANTS = ['BLOCK_CONTEXTS', 'FREE', 'OCTAVES', 'SIZES', 'SPANS', 'STATES', 'VALUES'] as const;
type Constants = { readonly [name in (typeof CONSTANTS)[number]]: number };

export interface Kernels extends Loops, Constants {
  /** Where areas of so many bytes begin. They have what was there before; views of the memory may end here. */
  areas(...sizes: readonly number[]): readonly number[];
  write(at: number, bytes: Uint8Array): void;
  /** A view. */
  bytes(at: number, length: number): Uint8Array;
  /** A view. */
  words(at: number, length: number): Uint32Array;
}

const PAGE = 2 ** 16;
/** Behind each area: what one block may read or write beyond its end. */
const SLACK = 2 ** 13;

let started: Kernels | null = null;

export function kernels(): Kernels {
  started ??= start();
  return started;
}

function start(): Kernels {
  const module = new WebAssembly.Module(Uint8Array.from(atob(binary), (c) => c.charCodeAt(0)));
  const { exports } = new WebAssembly.Instance(module);
  const { memory, ...rest } = exports as Readonly<Record<string, unknown>> & { readonly memory: WebAssembly.Memory };
  const constant = (name: string) => [name, (rest[name] as WebAssembly.Global).value as number] as const;
  const constants = Object.fromEntries(CONSTANTS.map(constant)) as Constants;
  const bytes = (at: number, length: number) => new Uint8Array(memory.buffer, at, length);
  return {
    ...(rest as unknown as Loops),
    ...constants,
    areas(...sizes) {
      let end = constants.FREE;
      const starts = sizes.map((size) => {
        const at = end;
        end += Math.ceil((size + SLACK) / 16) * 16;
        return at;
      });
      if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE));
      return starts;
    },
    write: (at, from) => bytes(at, from.length).set(from),
    bytes,
    words: (at, length) => new Uint32Array(memory.buffer, at, length),
  };
}
