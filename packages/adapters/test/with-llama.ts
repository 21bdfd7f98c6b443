// A tiny Llama on the cpu backend for each test, and a check that the test left no tensor behind.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type HostCase, leakGuard } from '@peftjs/testing/suites';
import { afterAll, beforeAll } from 'vitest';
import { tinyLlama } from '../../testing/test/tiny-llama.ts';

export interface Bench {
  readonly one: HostCase;
  /** The model's output on its batch. */
  output(): readonly number[];
}

/** Call at the top of a test file; read `one` inside of tests. */
export function withLlama(): Bench {
  let one: HostCase;
  beforeAll(async () => {
    await useBackend(cpu());
    one = await tinyLlama();
  });
  afterAll(() => one.dispose());
  leakGuard();
  return {
    get one() {
      return one;
    },
    output() {
      const out = one.output({ training: false, seed: 0 });
      const values = [...out.dataSync()];
      out.dispose();
      return values;
    },
  };
}
