// A module of loops over numbers, which a file of assembly/ was compiled to, and the memory that they work in. Who calls them has both
// until it returns, and waits for nothing in between.

export interface KernelMemory {
  /** Where areas of so many bytes begin. They have what was there before; views of the memory may end here. */
  areas(...sizes: readonly number[]): readonly number[];
  write(at: number, bytes: Uint8Array): void;
  /** Views. */
  bytes(at: number, length: number): Uint8Array;
  words(at: number, length: number): Uint32Array;
  floats(at: number, length: number): Float32Array;
  doubles(at: number, length: number): Float64Array;
}

const PAGE = 2 ** 16;
/** Behind each area: what one block may read or write beyond its end. */
const SLACK = 2 ** 13;

/**
 * @typeParam Own what the file exports, and says what it is: addresses and counts are numbers, and so are constants. `FREE` among them
 * is where memory begins that is not its own.
 */
export function startKernels<Own>(binary: string): Own & KernelMemory {
  const module = new WebAssembly.Module(Uint8Array.from(atob(binary), (c) => c.charCodeAt(0)));
  const { memory, ...rest } = new WebAssembly.Instance(module).exports as Readonly<Record<string, unknown>> & {
    readonly memory: WebAssembly.Memory;
  };
  const own = Object.fromEntries(
    Object.entries(rest).map(([name, one]) => [name, one instanceof WebAssembly.Global ? one.value : one]),
  ) as Own & { readonly FREE: number };
  const bytes = (at: number, length: number) => new Uint8Array(memory.buffer, at, length);
  return {
    ...own,
    areas(...sizes) {
      let end = own.FREE;
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
    floats: (at, length) => new Float32Array(memory.buffer, at, length),
    doubles: (at, length) => new Float64Array(memory.buffer, at, length),
  };
}
