// @ts-check
// A Llama with LoRA on q and v as one writes it with TensorFlow.js alone: no fused op, no repair, nothing of peftjs.
// Shapes: b batch, t time, d model, h query heads, g key heads, f head dimension, v vocabulary.

/**
 * @typedef {typeof import('@tensorflow/tfjs-core')} Tf
 * @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor
 * @typedef {(name: string) => Tensor} Lookup
 */

/** Added to the score of a key that must not be seen. */
const HIDDEN = -1e9;

/**
 * The mean cross-entropy of the next token.
 * @param {Tf} tf
 * @param {any} config `config.json`
 * @param {Lookup} weight by its name in `model.safetensors`
 * @param {{ scale: number, factor: (name: string) => Tensor | undefined }} lora factors by their name in the adapter
 * @returns {(ids: Int32Array, shape: readonly [number, number]) => Tensor}
 */
export function plainLlama(tf, config, weight, lora) {
  const { num_attention_heads: h, num_key_value_heads: g, head_dim: f, rms_norm_eps: eps, vocab_size: v } = config;

  /** @param {Tensor} x [n, i] @param {string} name */
  const linear = (x, name) => {
    const y = tf.matMul(x, weight(`${name}.weight`), false, true);
    const a = lora.factor(`${name}.lora_A`);
    const b = lora.factor(`${name}.lora_B`);
    if (a === undefined || b === undefined) return y;
    return tf.add(y, tf.mul(tf.matMul(tf.matMul(x, a, false, true), b, false, true), lora.scale));
  };
  /** @param {Tensor} x @param {string} name */
  const norm = (x, name) =>
    tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps))), weight(`${name}.weight`));
  /** @param {Tensor} x [b, t, n, f] @param {Tensor} cos [t, 1, f / 2] @param {Tensor} sin */
  const rotate = (x, cos, sin) => {
    const [left, right] = /** @type {[Tensor, Tensor]} */ (tf.split(x, 2, -1));
    return tf.concat(
      [tf.sub(tf.mul(left, cos), tf.mul(right, sin)), tf.add(tf.mul(right, cos), tf.mul(left, sin))],
      -1,
    );
  };
  /** [b, t, n, f] to [b, g, (n / g) t, f]: the heads that share keys lie together. @param {Tensor} x */
  const grouped = (x) => {
    const [b = 0, t = 0, n = 0] = x.shape;
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [b, g, (n / g) * t, f]);
  };

  /** @param {Tensor} x [b t, d] @param {string} block @param {number} b @param {number} t @param {Record<string, Tensor>} pass */
  const attend = (x, block, b, t, { cos, sin, mask }) => {
    const heads = (/** @type {string} */ name, /** @type {number} */ n) =>
      tf.reshape(linear(x, `${block}.self_attn.${name}_proj`), [b, t, n, f]);
    const q = grouped(rotate(heads('q', h), /** @type {Tensor} */ (cos), /** @type {Tensor} */ (sin)));
    const k = grouped(rotate(heads('k', g), /** @type {Tensor} */ (cos), /** @type {Tensor} */ (sin)));
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(f)), /** @type {Tensor} */ (mask));
    const y = tf.matMul(tf.softmax(scores), grouped(heads('v', g)));
    const joined = tf.reshape(tf.transpose(tf.reshape(y, [b, h, t, f]), [0, 2, 1, 3]), [b * t, h * f]);
    return linear(joined, `${block}.self_attn.o_proj`);
  };
  /** @param {Tensor} x [b t, d] @param {string} block */
  const feed = (x, block) => {
    const gate = linear(x, `${block}.mlp.gate_proj`);
    const inner = tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(x, `${block}.mlp.up_proj`));
    return linear(inner, `${block}.mlp.down_proj`);
  };

  return (ids, [b, t]) => {
    const pass = { ...rotary(tf, config, t), mask: causal(tf, t, h / g) };
    let x = tf.gather(weight('model.embed_tokens.weight'), tf.tensor1d(ids, 'int32'));
    for (let i = 0; i < config.num_hidden_layers; i++) {
      const block = `model.layers.${i}`;
      x = tf.add(x, attend(norm(x, `${block}.input_layernorm`), block, b, t, pass));
      x = tf.add(x, feed(norm(x, `${block}.post_attention_layernorm`), block));
    }
    const table = weight('model.embed_tokens.weight');
    const logits = tf.matMul(norm(x, 'model.norm'), table, false, true);
    const next = Int32Array.from(ids, (_, i) => ids[i + 1] ?? 0);
    const counts = Float32Array.from(ids, (_, i) => ((i + 1) % t === 0 ? 0 : 1));
    const labels = tf.oneHot(tf.tensor1d(next, 'int32'), v);
    return tf.losses.softmaxCrossEntropy(labels, logits, tf.tensor1d(counts));
  };
}

/** @param {Tf} tf @param {any} config @param {number} t */
function rotary(tf, { head_dim: f, rope_theta: theta }, t) {
  const angles = Float32Array.from(
    { length: (t * f) / 2 },
    (_, i) => Math.floor(i / (f / 2)) * theta ** ((-2 * (i % (f / 2))) / f),
  );
  const shape = /** @type {[number, number, number]} */ ([t, 1, f / 2]);
  return { cos: tf.tensor(angles.map(Math.cos), shape), sin: tf.tensor(angles.map(Math.sin), shape) };
}

/** What hides later keys, for queries of several heads in a row: [1, 1, heads t, t]. @param {Tf} tf @param {number} t @param {number} heads */
function causal(tf, t, heads) {
  const rows = new Float32Array(heads * t * t);
  for (let row = 0; row < heads * t; row++) rows.fill(HIDDEN, row * t + (row % t) + 1, (row + 1) * t);
  return tf.tensor(rows, [1, 1, heads * t, t]);
}
