// How many times slower each pair of a head's dimensions turns in Llama 3.1 and later: GGUF has these factors in a tensor,
// Hugging Face the numbers that they follow from.
import type { GgufFile } from '@peftjs/gguf';
import { rotaryFrequencies } from '../llama/config.ts';
import type { RawConfig } from '../read-config.ts';

export const ROPE_FACTORS = 'rope_freqs.weight';

/** What all of these models have; their factor is the largest of the tensor. */
const LLAMA_3 = {
  rope_type: 'llama3',
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
} as const;

/**
 * The `rope_scaling` of `config.json`; null where the file has no factors.
 *
 * @throws where they are not those of Llama 3.1
 */
export async function ropeFactors(file: GgufFile, theta: number, headDim: number): Promise<RawConfig | null> {
  if (!file.tensors.has(ROPE_FACTORS)) return null;
  const factors = await file.readFloat32(ROPE_FACTORS);
  const scaling = { ...LLAMA_3, factor: Math.max(...factors) };
  const plain = rotaryFrequencies({ rope_theta: theta }, headDim);
  const scaled = rotaryFrequencies({ rope_theta: theta, rope_scaling: scaling }, headDim);
  const isOff = (f: number, j: number) => !(Math.abs((factors[j] as number) * (scaled[j] as number) - f) < 1e-5 * f);
  if (factors.length === plain.length && plain.findIndex(isOff) < 0) return scaling;
  throw new Error(
    `[peftjs/models] ${file.name}: "${ROPE_FACTORS}" holds other factors than Llama 3.1 has, [${factors.slice(0, 4).join(', ')}, …]; load the model from safetensors`,
  );
}
