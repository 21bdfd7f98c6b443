/** Names of the files in an adapter folder: PEFT's three, and ours beside them. */
export const CONFIG_FILE = 'adapter_config.json';
export const WEIGHTS_FILE = 'adapter_model.safetensors';
export const CARD_FILE = 'README.md';
export const PROVENANCE_FILE = 'peftjs.json';
