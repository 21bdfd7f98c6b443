export { biases } from './biases.ts';
export { dora } from './dora.ts';
export { gaussian, type Initializer, kaiming, noisy } from './initializers.ts';
export { lora } from './lora.ts';
export { olora, pissa } from './matrix-initializers.ts';
export type { LoraOptions } from './options.ts';
export { readLora } from './read-lora.ts';
