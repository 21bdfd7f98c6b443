// A compute shader as a value: the buffers it is given, its numbers, and a body in WGSL. Bindings are written from these.

export type Element = 'f32' | 'i32' | 'u32';
export type Scalar = 'f32' | 'i32' | 'u32';

/**
 * @template R names of the buffers it reads
 * @template W names of the buffers it writes, each a tensor of its own that nothing else in the call is bound to
 * @template P names of its numbers, in the body `p.<name>`
 */
export interface Shader<R extends string = string, W extends string = string, P extends string = string> {
  readonly name: string;
  readonly reads: Readonly<Record<R, Element>>;
  readonly writes: Readonly<Record<W, Element>>;
  readonly numbers: Readonly<Record<P, Scalar>>;
  /**
   * Functions and `${entry(lanes)} { … }`. A grid longer than one dimension allows is folded: `groupIndex(group, groups)` is its place in a row, and may be beyond
   * the last.
   */
  readonly body: string;
}

/** The head of a body's entry point; inside are `group`, `groups` and `lane`. */
export function entry(lanes: number): string {
  return `@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
)`;
}

const PRELUDE = `
fn groupIndex(group: vec3u, groups: vec3u) -> u32 {
  return group.x + groups.x * (group.y + groups.y * group.z);
}
`;

/** The whole text of a shader. */
export function shaderText({ reads, writes, numbers, body }: Shader): string {
  const buffers = [
    ...Object.entries(reads).map(([name, type]) => `var<storage, read> ${name}: array<${type}>;`),
    ...Object.entries(writes).map(([name, type]) => `var<storage, read_write> ${name}: array<${type}>;`),
  ];
  const fields = Object.entries(numbers).map(([name, type]) => `${name}: ${type}`);
  const bindings = fields.length === 0 ? buffers : [...buffers, 'var<uniform> p: Numbers;'];
  const struct = fields.length === 0 ? '' : `struct Numbers { ${fields.join(', ')} }\n`;
  return struct + bindings.map((text, i) => `@group(0) @binding(${i}) ${text}\n`).join('') + PRELUDE + body;
}

/** The numbers as the shader's struct lays them out: four bytes each. */
export function numberBytes({ numbers }: Shader, values: Readonly<Record<string, number>>): ArrayBuffer {
  const names = Object.entries(numbers);
  const bytes = new ArrayBuffer(Math.ceil(names.length / 4) * 16);
  const view = new DataView(bytes);
  for (const [i, [name, type]] of names.entries()) {
    const value = values[name] as number;
    if (type === 'f32') view.setFloat32(4 * i, value, true);
    else if (type === 'u32') view.setUint32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  }
  return bytes;
}
