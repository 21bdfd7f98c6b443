import { useBackend } from '@peftjs/backend';
import { cos, cumsum, engine, fill, matMul, ones, sin, square, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { grid, makeRuntime } from './runtime.ts';
import type { TfjsWebGpu } from './tfjs-webgpu.ts';
import { webgpu } from './webgpu.ts';

const obstacle = await webgpu().probe();
const here = obstacle === null || process.env.CI !== undefined;

it('folds a long row of workgroups into the dimensions that a device allows', () => {
  expect(grid(7, 65535)).toEqual([7, 1, 1]);
  for (const groups of [9, 10, 81, 82, 500]) {
    const [x, y, z] = grid(groups, 9);
    expect(Math.max(x, y, z)).toBeLessThanOrEqual(9);
    expect(x * y * z).toBeGreaterThanOrEqual(groups);
  }
});

describe.runIf(here)(`on a device${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  beforeAll(async () => {
    expect((await useBackend(webgpu())).rejected).toEqual([]);
  });

  it('gives sine and cosine to the precision of float32 up to 10,000', async () => {
    const x = Float32Array.from({ length: 4001 }, (_, k) => (k - 2000) * 4.9987);
    const made = tidy(() => [sin(tensor(x)), cos(tensor(x))] as const);
    const [s, c] = await Promise.all(made.map((t) => t.data()));
    for (const t of made) t.dispose();
    for (const [k, v] of x.entries()) {
      expect(Math.abs((s?.[k] as number) - Math.sin(v))).toBeLessThan(4e-7);
      expect(Math.abs((c?.[k] as number) - Math.cos(v))).toBeLessThan(4e-7);
    }
  });

  it('sums from the end at one length after another', async () => {
    for (const n of [3, 5, 2]) {
      const made = tidy(() => cumsum(tensor(new Float32Array(n).fill(1)), 0, false, true));
      expect(Array.from(await made.data())).toEqual(Array.from({ length: n }, (_, k) => n - k));
      made.dispose();
    }
  });

  it('gives small products of few terms no workgroup for each number', async () => {
    const programs: string[] = [];
    const backend = engine().backend as unknown as { runWebGPUProgram(program: { shaderKey: string }): unknown };
    const shipped = backend.runWebGPUProgram;
    const watched = vi.spyOn(backend, 'runWebGPUProgram');
    watched.mockImplementation(function (this: object, ...args) {
      programs.push(args[0].shaderKey);
      return Reflect.apply(shipped, this, args);
    });
    const product = async (k: number) => {
      const made = tidy(() => matMul(ones([2, 3, k]), ones([2, k, 4])));
      expect(Array.from(await made.data())).toEqual(new Array(24).fill(k));
      made.dispose();
    };
    await product(5);
    expect(programs.filter((key) => key.startsWith('matMulReduce'))).toEqual([]);
    await product(500);
    expect(programs.filter((key) => key.startsWith('matMulReduce'))).toHaveLength(1);
    watched.mockRestore();
  });
});

describe.runIf(here)('what goes wrong on a device', () => {
  const again = 'call useBackend again for a new device, load the model, and resume from the last saved state';
  const deviceOf = () => (engine().backend as unknown as TfjsWebGpu).device;

  it('a shader that does not compile: no zeros are read, and a new device is opened', async () => {
    await useBackend(webgpu());
    const runtime = makeRuntime(engine().backend as unknown as TfjsWebGpu);
    const broken = { name: 'broken', reads: { x: 'f32' }, writes: { y: 'f32' }, numbers: {}, body: 'no WGSL' } as const;
    const x = tensor([1, 2]);
    const y = runtime.tensor([2]);
    runtime.run(broken, { x, y }, {}, 1);
    await expect(y.data()).rejects.toThrow(
      /^\[peftjs\/backend-webgpu\] the device refused an operation \(.+\); its numbers/,
    );
    await expect(square(x).data()).rejects.toThrow(again);
    const before = deviceOf();
    await useBackend(webgpu());
    expect(deviceOf()).not.toBe(before);
    const made = tidy(() => square(tensor([1, 2])));
    expect(Array.from(await made.data())).toEqual([1, 4]);
    made.dispose();
  });

  it('a device that is lost', async () => {
    await useBackend(webgpu());
    const x = tidy(() => square(tensor([3])));
    deviceOf().destroy();
    await expect(x.data()).rejects.toThrow('the device was lost (destroyed');
    await useBackend(webgpu());
    const made = tidy(() => square(tensor([3])));
    expect(Array.from(await made.data())).toEqual([9]);
    made.dispose();
  });

  it('a tensor larger than the device takes', async () => {
    await useBackend(webgpu());
    const most = deviceOf().limits.maxStorageBufferBindingSize;
    expect(() => tidy(() => fill([most / 4 + 1], 1))).toThrow(
      `[peftjs/backend-webgpu] a tensor of ${most + 4} bytes; this device takes at most ${most}: use a smaller batch`,
    );
  });
});
