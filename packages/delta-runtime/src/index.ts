export { type LoadedDelta, loadDelta } from './load-delta.ts';
