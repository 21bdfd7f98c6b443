// Loops of the lossy codecs: numbers of a change as codes of few bits in groups, as signs, or some of them alone. Behind its end an
// area may be read and written.
export * from './codes/groups';
export * from './codes/picks';
export * from './codes/signs';

/** From here on memory is the caller's. */
export const FREE: usize = 64;
