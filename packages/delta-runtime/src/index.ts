export { type LoadedDelta, loadDelta } from './load-delta.ts';
export { placesOf } from './places-of.ts';
