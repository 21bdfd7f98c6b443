import { ones, tidy, variable } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { low } from '../test/methods.ts';
import { DIM, VOCAB, WIDE } from '../test/tiny-host.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import { countParameters, summarize } from './summary.ts';

const bench = withHost();

test('each weight is counted once, a tied one too', () => {
  expect(countParameters(bench.host)).toBe(VOCAB * DIM + 2 * (2 * WIDE * DIM + WIDE) + DIM);
});

test('is the line that PEFT prints', () => {
  const trained = tidy(() => variable(ones([460_800]), false));
  const parameters = [{ key: 'a', variable: trained, trainable: true, saved: true }];
  // LoRA of rank 8 on q_proj and v_proj of SmolLM2-135M.
  expect(summarize({ parameters }, 134_515_008)).toBe(
    'trainable params: 460,800 || all params: 134,975,808 || trainable%: 0.3414',
  );
  const frozen = [...parameters, { key: 'b', variable: trained, trainable: false, saved: true }];
  expect(summarize({ parameters: frozen }, 0)).toBe(
    'trainable params: 460,800 || all params: 921,600 || trainable%: 50.0000',
  );
  trained.dispose();
});

test('an adapter counts its own', () => {
  const adapter = attach(bench.host, low(['layers.0.mlp.up_proj']));
  const base = countParameters(bench.host);
  const own = 2 * (DIM + WIDE);
  expect(adapter.summary()).toBe(
    `trainable params: ${own} || all params: ${base + own} || trainable%: ${((100 * own) / (base + own)).toFixed(4)}`,
  );
  adapter.detach();
});
