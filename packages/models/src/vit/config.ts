// A ViT's `config.json`, read and checked: what is not known is an error, never a silent default.
import { type RawConfig, readNumber, readWhole } from '../read-config.ts';
import { type Activation, readActivation } from '../sites/activation.ts';

type Size = readonly [height: number, width: number];

export interface VitConfig {
  readonly dim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly eps: number;
  readonly channels: number;
  /** Of images and of patches, in pixels. */
  readonly image: Size;
  readonly patch: Size;
  /** Patches in an image. */
  readonly patches: number;
  readonly qkvBias: boolean;
  readonly activation: Activation;
}

/** A number for a square, or [height, width]. */
function readSize(raw: RawConfig, key: string, fallback: number): Size {
  const value = raw[key];
  if (!Array.isArray(value)) {
    const side = readWhole(raw, key, fallback);
    return [side, side];
  }
  if (value.length === 2 && value.every((n) => Number.isInteger(n) && n > 0)) return value as unknown as Size;
  throw new Error(`[peftjs/models] config.json: "${key}" is ${JSON.stringify(value)}; give a size, or [height, width]`);
}

/** @throws naming the key that is missing or not supported */
export function readVitConfig(raw: RawConfig): VitConfig {
  const dim = readWhole(raw, 'hidden_size');
  const heads = readWhole(raw, 'num_attention_heads');
  if (dim % heads !== 0) {
    throw new Error(
      `[peftjs/models] config.json: "hidden_size" is ${dim}, no multiple of "num_attention_heads", ${heads}`,
    );
  }
  const image = readSize(raw, 'image_size', 224);
  const patch = readSize(raw, 'patch_size', 16);
  return {
    dim,
    hidden: readWhole(raw, 'intermediate_size'),
    layers: readWhole(raw, 'num_hidden_layers'),
    heads,
    headDim: dim / heads,
    eps: readNumber(raw, 'layer_norm_eps', 1e-12),
    channels: readWhole(raw, 'num_channels', 3),
    image,
    patch,
    patches: Math.floor(image[0] / patch[0]) * Math.floor(image[1] / patch[1]),
    qkvBias: raw.qkv_bias !== false,
    activation: readActivation(raw, 'hidden_act', 'gelu'),
  };
}
