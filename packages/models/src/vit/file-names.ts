// What a ViT's files call its modules: as transformers did before its version 5, which renamed them in memory alone.

const OLDER: readonly (readonly [now: string, older: string])[] = [
  ['vit.layers.', 'vit.encoder.layer.'],
  ['.attention.q_proj', '.attention.attention.query'],
  ['.attention.k_proj', '.attention.attention.key'],
  ['.attention.v_proj', '.attention.attention.value'],
  ['.attention.o_proj', '.attention.output.dense'],
  ['.mlp.fc1', '.intermediate.dense'],
  ['.mlp.fc2', '.output.dense'],
];

/** @param path a module's, or a tensor's */
export function vitFileName(path: string): string {
  return OLDER.reduce((name, [now, older]) => name.replace(now, older), path);
}
