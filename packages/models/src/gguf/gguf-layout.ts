// How a family of models lies in GGUF files, and what Hugging Face calls all of it. Another family is one more of these values.
import type { GgufFile } from '@peftjs/gguf';
import type { RawConfig } from '../read-config.ts';

export interface GgufLayout {
  /** The `general.architecture` of the files it reads. */
  readonly architecture: string;
  /** What `config.json` would say. */
  config(file: GgufFile): Promise<RawConfig>;
  /** A tensor's name in safetensors; null for one that the configuration has taken in. */
  tensorName(name: string): string | null;
  /**
   * How many heads the rows of a tensor belong to, if llama.cpp's rotary embedding has made their halves alternate; null
   * where rows have kept their order.
   *
   * @param name in the GGUF file
   */
  alternating(name: string, config: RawConfig): number | null;
}
