// Cut: as many pieces in a dispatch as a shader may have buffers.
import { type CutForm, cut, type Kernel, kernel } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';
import { entry, type Scalar, type Shader } from '../shader.ts';

const LANES = 256;

type CutShader = Shader<'x', string, string>;

/** `end0`, `end1` and so on: where each piece ends, counted from the first number of the first. */
function makeShader(pieces: number): CutShader {
  const each = <T>(name: string, value: T) =>
    Object.fromEntries(Array.from({ length: pieces }, (_, k) => [`${name}${k}`, value] as const));
  const writes = Array.from({ length: pieces }, (_, k) => {
    const start = k === 0 ? '0u' : `p.end${k - 1}`;
    return `if (i < p.end${k}) { y${k}[i - ${start}] = x[p.first + i]; return; }`;
  });
  return {
    name: `cut-${pieces}`,
    reads: { x: 'f32' },
    writes: each('y', 'f32' as const),
    numbers: { first: 'u32', ...each<Scalar>('end', 'u32') },
    body: `${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  ${writes.join('\n  ')}
}`,
  };
}

export function cutKernel(r: Runtime): Kernel {
  const most = r.backend.device.limits.maxStorageBuffersPerShaderStage - 1;
  const shaders = new Map<number, CutShader>();
  const shaderOf = (pieces: number): CutShader => {
    const shader = shaders.get(pieces) ?? makeShader(pieces);
    shaders.set(pieces, shader);
    return shader;
  };
  const form: CutForm = (x, shapes) => {
    const made = shapes.map((shape) => r.tensor(shape));
    let first = 0;
    for (let k = 0; k < made.length; k += most) {
      const pieces = made.slice(k, k + most);
      const numbers: Record<string, number> = { first };
      let end = 0;
      for (const [i, { size }] of pieces.entries()) {
        end += size;
        numbers[`end${i}`] = end;
      }
      const outputs = Object.fromEntries(pieces.map((piece, i) => [`y${i}`, piece]));
      r.run(shaderOf(pieces.length), { x, ...outputs }, numbers, Math.ceil(end / LANES));
      first += end;
    }
    return made;
  };
  return kernel(cut, form);
}
