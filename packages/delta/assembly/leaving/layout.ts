// Where in memory is what finds which numbers leave their octave.
export { BLOCK } from '../exact/layout';

/** Lists of nearness. For each how many have stayed since one left, or stay before the next one leaves; and where that one stands. */
export const LISTS: i32 = 12;
export const STAYED: usize = 0;
export const NEXT: usize = STAYED + 4 * LISTS;
export const ENDS: usize = NEXT + 4 * LISTS;
/** Of distances from which on numbers are far, the lower bytes and the higher ones. */
export const FAR: usize = 256;
export const OCTAVES_OF_FAR = 16;
/** From here on memory is the caller's. */
export const FREE: usize = 1024;
