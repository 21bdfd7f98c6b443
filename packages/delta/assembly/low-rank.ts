// The loops of low rank over matrices of float32. A matrix lies in rows, `stride` numbers apart, and is filled up with zeros: its
// columns to a multiple of 16, its rows to one of 4.
export * from './low-rank/products';
export * from './low-rank/small';

/** From here on memory is the caller's. */
export const FREE: usize = 1024;
