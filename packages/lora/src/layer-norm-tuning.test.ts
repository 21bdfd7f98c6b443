import { attach, restore } from '@peftjs/core';
import { expect, test } from 'vitest';
import { withHost } from '../../core/test/with-host.ts';
import { layerNormTuning, readLayerNormTuning } from './layer-norm-tuning.ts';

const bench = withHost();

test('trains copies of the norms, and names each of them in the file', async () => {
  const adapter = attach(bench.host, layerNormTuning());
  const saved = await adapter.snapshot();
  expect(saved.config).toMatchObject({ peft_type: 'LN_TUNING', target_modules: ['model.norm'], exclude_modules: null });
  expect(saved.tensors.map(({ key }) => key)).toEqual(['base_model.model.model.norm.ln_tuning_layers.weight']);
  adapter.detach();
  const config = JSON.parse(JSON.stringify(saved.config));
  const again = await restore(bench.host, { ...saved, config }, [readLayerNormTuning()]);
  expect(await again.snapshot()).toEqual(saved);
  again.detach();
});

test('names what is no norm, and keys of other methods', () => {
  expect(() => attach(bench.host, layerNormTuning({ targets: ['nrm'] }))).toThrow(
    'no site matches "nrm"; nearest: "norm"',
  );
  expect(() => attach(bench.host, layerNormTuning({ exclude: ['norm'] }))).toThrow('no site matches');
  const config = { peft_type: 'LN_TUNING', target_modules: ['norm'] };
  expect(() => readLayerNormTuning().read({ ...config, r: 8 })).toThrow('asks for "r", which is not supported');
  expect(readLayerNormTuning().read({ ...config, modules_to_save: ['lm_head'] })).toHaveLength(2);
});
