// Where in memory the exact codec's loops have what they work on.

/** Numbers of a block: there is a level for each. */
export const BLOCK: usize = 1024;
/** The shares of a table add up to 2^12. */
export const SHARE_BITS: u32 = 12;
export const PLACES: u32 = 1 << SHARE_BITS;
/** Contexts are below this. */
export const CONTEXTS: usize = 64;
/** As many sizes as this has each context in `SPANS`. */
export const ROW: usize = 128;

/** The four states. */
export const STATES: usize = 0;
/** One block of octaves, of contexts, of numbers. */
export const OCTAVES: usize = 1024;
export const BLOCK_CONTEXTS: usize = OCTAVES + BLOCK;
export const VALUES: usize = 2 * BLOCK_CONTEXTS;
/** For each context and size how often it comes; to `encode` and `decode` its share of 13 bits, its open bits of 5, its first place. */
export const SPANS: usize = 16384;
/** For each context and place the size that has it. */
export const SIZES: usize = 65536;
/** From here on memory is the caller's. */
export const FREE: usize = SIZES + CONTEXTS * PLACES;
