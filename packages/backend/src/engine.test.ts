// The private parts of tfjs's engine that this package uses: a version of tfjs without one of them fails here, by name.
import { cpu } from '@peftjs/backend-cpu';
import { clone, neg, type Tensor, tensor1d, engine as tfjsEngine, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine, inScope, type TapeNode, untaped } from './engine.ts';
import { useBackend } from './use-backend.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

describe('the hooks of tfjs', () => {
  const e = engine();

  it.each(['tidy', 'keep', 'runKernelFunc'] as const)('engine.%s is a function', (name) => {
    expect(e[name]).toBeTypeOf('function');
  });

  it.each([
    ['activeTape', null],
    ['gradientDepth', 0],
    ['kernelDepth', 0],
    ['activeScope', null],
    ['scopeStack', []],
  ] as const)('engine.state.%s is at rest', (name, value) => {
    expect(e.state[name] ?? null).toEqual(value);
  });

  it('engine.state.tensorInfo maps a buffer to its size while it lives', () => {
    const x = tensor1d([1, 2, 3]);
    const { tensorInfo } = e.state;
    expect(tensorInfo.has(x.dataId)).toBe(true);
    expect(tensorInfo.get(x.dataId)?.bytes).toBe(12);
    x.dispose();
    expect(tensorInfo.has(x.dataId)).toBe(false);
  });

  it('engine.state.activeTape records an operation with its inputs, outputs, saved tensors and gradient', () => {
    tidy(() => {
      const tape: TapeNode[] = [];
      const x = tensor1d([1, 2]);
      const { activeTape, gradientDepth } = e.state;
      e.state.activeTape = tape;
      e.state.gradientDepth = 1;
      let y: Tensor;
      try {
        y = neg(x);
      } finally {
        e.state.activeTape = activeTape;
        e.state.gradientDepth = gradientDepth;
      }
      const [node] = tape as [TapeNode];
      expect(tape).toHaveLength(1);
      expect(node).toMatchObject({ kernelName: 'Neg', outputs: [{ id: y.id }], inputs: { x: { id: x.id } } });
      const { x: closure } = node.gradient?.([y]) ?? {};
      expect([...(closure?.()?.dataSync() ?? [])]).toEqual([1, 2]);
    });
  });

  it('engine.state.kernelDepth keeps an operation off the tape', () => {
    tidy(() => {
      const tape: TapeNode[] = [];
      const x = tensor1d([1]);
      e.state.activeTape = tape;
      e.state.gradientDepth = 1;
      try {
        untaped(() => neg(x));
        expect(e.state.kernelDepth).toBe(0);
        expect(() =>
          untaped(() => {
            throw new Error('thrown');
          }),
        ).toThrow('thrown');
        expect(e.state.kernelDepth).toBe(0);
      } finally {
        e.state.activeTape = null;
        e.state.gradientDepth = 0;
      }
      expect(tape).toEqual([]);
    });
  });

  it('engine.state.activeScope and scopeStack are the tidies that run', () => {
    const [made, freed] = tidy(() => {
      const { activeScope, scopeStack } = e.state;
      expect(scopeStack.at(-1)).toBe(activeScope);
      const x = tensor1d([1]);
      expect(activeScope?.track).toContain(x);
      return tidy(() => {
        const inner = e.state.activeScope;
        const outer = inScope(activeScope, () => tidy(() => clone(x)));
        expect(e.state.activeScope).toBe(inner);
        expect(activeScope?.track).toContain(outer);
        const ours = clone(x);
        expect(inner?.track).toContain(ours);
        return [outer, x];
      });
    }) as [Tensor, Tensor];
    expect([made.isDisposed, freed.isDisposed]).toEqual([false, false]);
    made.dispose();
    freed.dispose();
    expect(tfjsEngine().memory().numTensors).toBe(0);
  });
});
