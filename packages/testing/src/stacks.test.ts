// The law of stacks: adapters put on and taken off in any order, switched and merged between, leave the base bit for bit.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type Adapter, attach, type Method, merge, modulesToSave } from '@peftjs/core';
import { biases, dora, lora } from '@peftjs/lora';
import { array, assert, asyncProperty, constantFrom, nat, record, tuple } from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TinyLlamaOptions, tinyLlama } from '../test/tiny-llama.ts';
import { INFERENCE, read, readWeights } from './host-case.ts';
import { leakGuard } from './leak-guard.ts';
import { disturb } from './suites.ts';

const variants: Readonly<Record<string, () => readonly Method[]>> = {
  lora: () => [lora({ r: 2, targets: ['q_proj', 'down_proj'] })],
  rslora: () => [lora({ r: 3, rslora: true, targets: ['v_proj', 'gate_proj'], bias: 'lora_only' })],
  dora: () => [dora({ r: 2, targets: ['q_proj', 'v_proj'] })],
  embedding: () => [lora({ r: 2, targets: ['embed_tokens', 'o_proj'] })],
  whole: () => [lora({ r: 2, targets: ['up_proj'] }), modulesToSave(['lm_head'])],
  biases: () => [lora({ r: 2, targets: ['k_proj'], bias: 'lora_only' }), biases()],
};

type Act = { readonly kind: 'attach' | 'detach' | 'switch' | 'merge'; readonly which: number };

const acts = array(record({ kind: constantFrom('attach', 'attach', 'detach', 'switch', 'merge'), which: nat(5) }), {
  minLength: 3,
  maxLength: 9,
});

/** Detaches one; where another has been merged on top of what it merged, that one must go first. */
function takeOff(stack: Adapter[], which: number): boolean {
  const adapter = stack[which % stack.length] as Adapter;
  try {
    adapter.detach();
  } catch (error) {
    expect((error as Error).message).toContain('has changed since; undo that first');
    return false;
  }
  stack.splice(stack.indexOf(adapter), 1);
  return true;
}

/** Does one act on the stack; one that is refused must change nothing, which the end will show. */
async function perform(act: Act, stack: Adapter[], put: (variant: string) => void): Promise<void> {
  const names = Object.keys(variants);
  if (act.kind === 'attach') return put(names[act.which % names.length] as string);
  const adapter = stack[act.which % Math.max(1, stack.length)];
  if (adapter === undefined) return;
  if (act.kind === 'switch') {
    if (adapter.unmerge === undefined) adapter.active = !adapter.active;
  } else if (act.kind === 'detach') takeOff(stack, act.which);
  else await merge(adapter).catch((error: Error) => expect(error.message).toContain('[peftjs/core]'));
}

describe('stacks of adapters', () => {
  beforeAll(async () => {
    await useBackend(cpu());
  });
  leakGuard();

  it.for<TinyLlamaOptions>([{}, { tied: true, biases: false }])('come off in any order: %o', async (options) => {
    const one = await tinyLlama(options);
    const output = () => read(() => one.output(INFERENCE));
    const plain = output();
    const weights = readWeights(one.host);
    const property = asyncProperty(tuple(acts, nat(1000)), async ([steps, seed]) => {
      const stack: Adapter[] = [];
      let made = 0;
      const put = (variant: string) => {
        const adapter = attach(one.host, (variants[variant] as () => readonly Method[])(), {
          name: `a${made}`,
          seed: made,
        });
        disturb(adapter, ++made);
        stack.push(adapter);
      };
      try {
        for (const step of steps) await perform(step, stack, put);
        for (let k = seed, refused = 0; stack.length > 0; k++) {
          refused = takeOff(stack, k) ? 0 : refused + 1;
          expect(refused).toBeLessThan(100);
        }
        expect(output()).toEqual(plain);
        expect(readWeights(one.host)).toEqual(weights);
      } finally {
        while (stack.length > 0) stack.pop()?.detach();
      }
    });
    await assert(property, { seed: 20, numRuns: 15 });
    one.dispose();
  });
});
