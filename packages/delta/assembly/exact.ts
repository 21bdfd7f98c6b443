// The loops of the exact codec over a tensor's numbers, of 16 bits or, where `wide`, of 32. Numbers come in blocks; of a block that
// is not full, memory behind its end may be read and written.
export * from './exact/changes';
export * from './exact/coder';
export { BLOCK_CONTEXTS, FREE, OCTAVES, SIZES, SPANS, STATES, VALUES } from './exact/layout';
