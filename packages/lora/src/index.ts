export { gaussian, type Initializer, kaiming, noisy } from './initializers.ts';
export { type Lora, lora } from './lora.ts';
export { olora, pissa } from './matrix-initializers.ts';
export type { LoraOptions } from './options.ts';
