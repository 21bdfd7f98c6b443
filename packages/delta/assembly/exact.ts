// The loops of the exact codec over a tensor's numbers, of 16 bits or, where `wide`, of 32. Numbers come in blocks; of a block that
// is not full, memory behind its end may be read and written.
export * from './exact/changes';
export * from './exact/coder';
export { BLOCK_CONTEXTS, ENDS, FREE, NEXT, OCTAVES, SIZES, SPANS, STATES, STAYED, VALUES } from './exact/layout';
export * from './exact/leaving';
